"""What the models of the four kinds are made of, and what their CRDs say that Python types cannot.

Attribute docstrings become the descriptions that `kubectl explain` shows; `Rule`s become CEL validation; `ListMap`
and `Quantity` become the API server's own extensions. `model.crd` reads them all.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, NamedTuple

from pydantic import BaseModel, ConfigDict, Field, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from kubectl_prism.model.meta import Manifest


class Rule(NamedTuple):
    """A CEL rule on one object of the schema, with the message that a person reads when it fails."""

    rule: str
    message: str
    field_path: str | None = None


class ListMap(NamedTuple):
    """A list whose items are told apart by `key`: appliers can own single items of it."""

    key: str

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._told_apart, handler(source))

    def _told_apart(self, items: list[Any]) -> list[Any]:
        keys = [getattr(item, self.key) for item in items]
        if twin := next((key for index, key in enumerate(keys) if key in keys[:index]), None):
            raise PydanticCustomError("twin", "has two entries with {key} {twin}", {"key": self.key, "twin": twin})
        return items


class Printed(NamedTuple):
    """A format or type that the API server adds to a plain value, e.g. `date-time`."""

    format: str


QUANTITY = r"^[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?$"
DURATION = r"^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$"
LABEL = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"
LABEL_VALUE = r"^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$"
OBJECT_NAME = r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$"


class QuantityType(NamedTuple):
    """Marks a Kubernetes quantity: `1`, `500m`, `1Gi`; an integer or a string on the wire."""

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.str_schema(strict=True, pattern=QUANTITY)
        return core_schema.custom_error_schema(
            core_schema.union_schema([core_schema.int_schema(strict=True), written]),
            custom_error_type="quantity",
            custom_error_message='must be a quantity such as 2, 500m or 1Gi; a fraction stands in quotes: "0.5"',
        )


class AnyScalarType(NamedTuple):
    """Marks a value whose type the schema leaves open; the model takes a string, a number or a boolean."""

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        kinds = (core_schema.bool_schema, core_schema.int_schema, core_schema.float_schema, core_schema.str_schema)
        return core_schema.custom_error_schema(
            core_schema.union_schema([kind(strict=True) for kind in kinds]),
            custom_error_type="scalar",
            custom_error_message="must be a string, a number or true/false",
        )


Quantity = Annotated[int | str, QuantityType()]
Scalar = Annotated[bool | int | float | str, AnyScalarType()]
Duration = Annotated[str, Field(pattern=DURATION, max_length=32)]
Port = Annotated[int, Field(ge=1, le=65535)]
Label = Annotated[str, Field(pattern=LABEL, max_length=63)]
LabelValue = Annotated[str, Field(pattern=LABEL_VALUE, max_length=63)]
ObjectName = Annotated[str, Field(pattern=OBJECT_NAME, max_length=253)]
Time = Annotated[str, Printed("date-time")]


class Schema(BaseModel):
    """A frozen value in camelCase; unknown fields are left out, for the API server has its own word on them."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore")

    rules: ClassVar[tuple[Rule, ...]] = ()
    """CEL rules that hold for the whole object."""

    def manifest(self) -> Manifest:
        """Return the value as it stands in a manifest; what is not set is left out."""
        return self.model_dump(by_alias=True, exclude_none=True)


class ObjectMeta(Schema):
    """The part of an object's metadata that models read."""

    name: ObjectName = ""
    namespace: Label = "default"
    uid: str = ""
    generation: int = 0
    creation_timestamp: str | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    owner_references: list[dict[str, Any]] = Field(default_factory=list)


class Condition(Schema):
    """One judgement about an object, as Kubernetes writes it."""

    type: str
    """What is judged, in CamelCase."""
    status: Annotated[str, Field(pattern="^(True|False|Unknown)$")]
    """True, False or Unknown."""
    reason: str
    """Why, as one CamelCase word that programs may rely on."""
    message: str = ""
    """Why, for people."""
    observed_generation: int | None = None
    """The metadata.generation that was judged."""
    last_transition_time: Time
    """When the status last changed."""
