"""The writer's decisions, one by one, on a server that can be stopped at any point."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from kubectl_prism.kube.errors import AlreadyExists, ApiError, Invalid
from kubectl_prism.model.meta import FIELD_MANAGER, Manifest, Ref, owner_reference, ref, uid
from kubectl_prism.reconcile.apply import Applier, NameTaken
from kubectl_prism.reconcile.intent import INTENT
from kubectl_prism.reconcile.memory import PATIENCE, TIME_TO_LIVE
from kubectl_prism.reconcile.request import Postponed
from kubectl_prism.store import Change, Store
from tests.memory import alive
from tests.reconcile.fake import Clock, Server, config_map

CHILD = Ref("ConfigMap", "default", "child")


class World(NamedTuple):
    """A server, what was seen of it, and one owner."""

    server: Server
    store: Store
    applier: Applier
    owner: Manifest
    clock: Clock

    def look(self) -> None:
        """Let the store see the server."""
        self.server.show(self.store)

    def restarted(self) -> World:
        """Return the same world with a writer that remembers nothing."""
        self.applier.close()
        return self._replace(applier=Applier(self.server, self.store, clock=self.clock))

    def edit(self, **data: str) -> None:
        """Change the child as somebody else."""
        held = self.server.objects[CHILD]
        self.server.put({**held, "data": {**held["data"], **data}})
        self.look()


@pytest.fixture
def world() -> World:
    """Return an empty server with one owner."""
    server, store, clock = Server(), Store(), Clock()
    owner = server.put(config_map("owner"))
    server.show(store)
    return World(server, store, Applier(server, store, clock=clock), owner, clock)


def child(**data: str) -> Manifest:
    """Return the intent for the child."""
    return config_map("child", data=data)


async def test_a_child_is_created_once_and_then_left_alone(world: World) -> None:
    """A second apply of the same intent asks the server nothing, before and after the store sees the child."""
    live = await world.applier.apply(world.owner, child(a="1"))
    assert live["metadata"]["ownerReferences"] == [owner_reference(world.owner)]
    assert len(live["metadata"]["annotations"][INTENT]) == 32
    assert world.server.took() == [f"create {CHILD}"]
    assert (await world.applier.apply(world.owner, child(a="1")))["metadata"]["uid"] == uid(live)
    world.look()
    await world.applier.apply(world.owner, child(a="1"))
    assert world.server.took() == []


async def test_an_echo_is_what_our_own_write_made_and_nothing_newer(world: World) -> None:
    """What somebody else did to the child since, and what became of it in the end, is news."""
    live = await world.applier.apply(world.owner, child(a="1"))
    assert world.applier.is_echo(Change("ConfigMap", None, live))
    assert not world.applier.is_echo(Change("ConfigMap", None, world.owner))
    assert not world.applier.is_echo(Change("ConfigMap", live, None))
    world.edit(a="2")
    assert not world.applier.is_echo(Change("ConfigMap", live, world.server.objects[CHILD]))


async def test_what_we_made_is_known_before_and_after_the_server_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first sight may come sooner than the answer to its creation, and with what others reported of it since."""
    seen: list[bool] = []
    create = world.server.create

    async def creates(manifest: Manifest) -> Manifest:
        made = await create(manifest)
        seen.append(world.applier.has_made(made))
        return made

    monkeypatch.setattr(world.server, "create", creates)
    await world.applier.apply(world.owner, child(a="1"))
    made = world.server.objects[CHILD]
    assert seen == [True]
    first = {**made, "metadata": {**made["metadata"], "generation": 1}}
    assert world.applier.has_made(first)
    assert not world.applier.has_made({**first, "metadata": {**first["metadata"], "generation": 2}})
    assert not world.applier.has_made({**first, "metadata": {**first["metadata"], "uid": "another"}})
    assert not world.applier.has_made({**first, "metadata": {**first["metadata"], "name": "another"}})


@pytest.mark.parametrize(
    ("change", "calls"),
    [
        ({"status": {"replicas": 1}}, []),
        ({"metadata": {"labels": {}}}, [f"apply {CHILD}"]),
        ({"metadata": {"ownerReferences": []}}, [f"apply {CHILD}"]),
        ({"metadata": {"generation": 2}, "data": {"a": "2"}}, [f"apply {CHILD}"]),
        ({"metadata": {"generation": 2}, "data": {"a": "1", "theirs": "yes"}}, []),
    ],
)
async def test_a_status_is_no_reason_to_look_at_the_spec(
    world: World, monkeypatch: pytest.MonkeyPatch, change: Manifest, calls: list[str]
) -> None:
    """Where generation, labels, annotations and owner are as we left them, nobody else wrote but a status."""
    intent = {**child(a="1"), "metadata": {"name": "child", "namespace": "default", "labels": {"ours": "yes"}}}
    create = world.server.create

    async def counts(manifest: Manifest) -> Manifest:
        return await create({**manifest, "metadata": {**manifest["metadata"], "generation": 1}})

    monkeypatch.setattr(world.server, "create", counts)
    await world.applier.apply(world.owner, intent)
    live = world.server.objects[CHILD]
    world.server.put({**live, **change, "metadata": {**live["metadata"], **change.get("metadata", {})}})
    world.look()
    world.server.took()
    await world.applier.apply(world.owner, intent)
    assert world.server.took() == calls


async def test_a_changed_intent_is_applied_once(world: World) -> None:
    """One read to settle ownership, one apply, then silence; the next change is one apply."""
    await world.applier.apply(world.owner, child(a="1"))
    world.server.took()
    live = await world.applier.apply(world.owner, child(a="2"))
    assert live["data"] == {"a": "2"}
    assert world.server.took() == [f"get {CHILD}", f"apply {CHILD}"]
    await world.applier.apply(world.owner, child(a="2"))
    await world.applier.apply(world.owner, child(a="3"))
    assert world.server.took() == [f"apply {CHILD}"]


async def test_what_the_server_words_differently_is_not_written_again(world: World) -> None:
    """The object right after our write is the measure, not our own spelling: a restart costs one apply."""
    world.server.rewords["1000m"] = "1"
    await world.applier.apply(world.owner, child(a="1000m"))
    world.edit(theirs="yes")
    world.server.took()
    await world.applier.apply(world.owner, child(a="1000m"))
    assert world.server.took() == []
    again = world.restarted()
    for _ in range(3):
        await again.applier.apply(world.owner, child(a="1000m"))
    assert world.server.took() == [f"apply {CHILD}"]


async def test_what_others_add_is_left_alone_and_what_they_change_is_put_back(world: World) -> None:
    """Only the fields of the intent are ours."""
    await world.applier.apply(world.owner, child(a="1"))
    world.edit(theirs="yes")
    world.server.took()
    await world.applier.apply(world.owner, child(a="1"))
    assert world.server.took() == []
    world.edit(a="2")
    live = await world.applier.apply(world.owner, child(a="1"))
    assert live["data"] == {"a": "1", "theirs": "yes"}


async def test_a_restarted_writer_is_silent_where_nothing_changed(world: World) -> None:
    """The annotation carries what was wanted across a restart."""
    await world.applier.apply(world.owner, child(a="1"))
    world.look()
    world.server.took()
    again = world.restarted()
    await again.applier.apply(world.owner, child(a="1"))
    assert world.server.took() == []
    await again.applier.apply(world.owner, child(a="2"))
    assert world.server.took() == [f"get {CHILD}", f"apply {CHILD}"]


async def test_after_half_an_hour_the_object_itself_is_the_measure_again(world: World) -> None:
    """A memory that is too old is not believed, and an object that is right costs no write."""
    await world.applier.apply(world.owner, child(a="1"))
    world.look()
    world.server.took()
    world.clock.now += TIME_TO_LIVE
    await world.applier.apply(world.owner, child(a="1"))
    assert world.server.took() == []


@pytest.mark.parametrize("restart", [False, True])
async def test_a_strangers_object_is_never_written(world: World, restart: bool) -> None:
    """Whether the store knows it or not, an object that nobody controls stays as it is."""
    theirs = world.server.put(child(a="theirs"))
    if restart:
        world.look()
    with pytest.raises(NameTaken, match=r"ConfigMap default/child exists and nobody controls it") as caught:
        await world.applier.apply(world.owner, child(a="1"))
    assert caught.value.reason == "NameTaken"
    assert world.server.objects[CHILD] == theirs


async def test_another_owners_child_is_never_written(world: World) -> None:
    """The error names who has it."""
    other = world.server.put(config_map("other"))
    world.server.put(config_map("child", ownerReferences=[owner_reference(other)]))
    world.look()
    with pytest.raises(NameTaken, match="belongs to ConfigMap other"):
        await world.applier.apply(world.owner, child(a="1"))
    assert world.server.calls == []


async def test_a_child_of_the_owners_earlier_life_is_waited_for(world: World) -> None:
    """The garbage collector will take it: that is no quarrel."""
    earlier = {**owner_reference(world.owner), "uid": "earlier"}
    world.server.put(config_map("child", ownerReferences=[earlier]))
    with pytest.raises(Postponed, match="earlier ConfigMap default/owner"):
        await world.applier.apply(world.owner, child(a="1"))


async def test_a_child_that_is_being_deleted_is_not_written(world: World) -> None:
    """Whoever writes into it would only lose the write."""
    await world.applier.apply(world.owner, child(a="1"))
    held = world.server.objects[CHILD]
    world.server.put({**held, "metadata": {**held["metadata"], "deletionTimestamp": "2030-01-01T00:00:00Z"}})
    world.look()
    world.server.took()
    with pytest.raises(Postponed):
        await world.applier.apply(world.owner, child(a="2"))
    assert world.server.took() == []


async def test_a_deleted_child_is_made_again(world: World) -> None:
    """Memory never hides that an object went away."""
    await world.applier.apply(world.owner, child(a="1"))
    world.look()
    del world.server.objects[CHILD]
    world.look()
    world.server.took()
    await world.applier.apply(world.owner, child(a="1"))
    assert world.server.took() == [f"get {ref(world.owner)}", f"create {CHILD}"]


async def test_a_child_that_vanished_unseen_is_not_made_anew_by_an_apply(world: World) -> None:
    """The store is behind: the write is refused by uid, and the reconcile comes again."""
    await world.applier.apply(world.owner, child(a="1"))
    await world.applier.apply(world.owner, child(a="2"))
    world.look()
    del world.server.objects[CHILD]
    with pytest.raises(Postponed, match="went away"):
        await world.applier.apply(world.owner, child(a="3"))
    assert CHILD not in world.server.objects


async def test_a_store_that_is_behind_our_own_write_decides_nothing(world: World) -> None:
    """The object as the write returned it counts until the store is as new."""
    await world.applier.apply(world.owner, child(a="1"))
    world.look()
    await world.applier.apply(world.owner, child(a="2"))
    world.server.took()
    live = await world.applier.apply(world.owner, child(a="2"))
    assert live["data"] == {"a": "2"}
    assert world.server.took() == []


@pytest.mark.parametrize("is_watch_faster", [False, True])
async def test_what_a_write_returned_lives_until_the_store_has_it(
    world: World, monkeypatch: pytest.MonkeyPatch, is_watch_faster: bool
) -> None:
    """Whichever comes first, the answer or the watch: afterwards only the server and the store hold the object."""
    create = Server.create

    async def seen_at_once(server: Server, manifest: Manifest, *, manager: str = FIELD_MANAGER) -> Manifest:
        made = await create(server, manifest, manager=manager)
        world.look()
        return made

    if is_watch_faster:
        monkeypatch.setattr(Server, "create", seen_at_once)
    await world.applier.apply(world.owner, child(lives="here"))
    assert alive(lives="here") == 2, "the server's and ours"
    world.look()
    assert alive(lives="here") == 2


async def test_a_created_child_that_the_store_never_sees_is_asked_for_in_the_end(world: World) -> None:
    """Patience with the store has an end, and that end costs no second object."""
    await world.applier.apply(world.owner, child(a="1"))
    world.clock.now += PATIENCE
    world.server.took()
    await world.applier.apply(world.owner, child(a="1"))
    assert world.server.took() == [f"create {CHILD}", f"get {CHILD}"]


async def test_a_name_that_comes_and_goes_is_tried_again(world: World) -> None:
    """AlreadyExists, and then nothing there: no error, only later."""
    world.server.fail["create"] = AlreadyExists(409, "AlreadyExists", "exists")
    with pytest.raises(Postponed, match="came and went"):
        await world.applier.apply(world.owner, child(a="1"))


async def test_a_stripped_owner_reference_is_put_back(world: World) -> None:
    """We know our own child by memory, and after a restart by its annotation."""
    for again in (world, world.restarted()):
        await again.applier.apply(world.owner, child(a="1"))
        held = world.server.objects[CHILD]
        held["metadata"] |= {"ownerReferences": [], "resourceVersion": "900"}
        world.look()
        live = await again.applier.apply(world.owner, child(a="1"))
        assert live["metadata"]["ownerReferences"] == [owner_reference(world.owner)]
        world.look()


async def test_what_the_server_refuses_reaches_the_caller(world: World) -> None:
    """An intent that breaks the rules of its kind is an error, not a reason to wait."""
    await world.applier.apply(world.owner, child(a="1"))
    world.server.fail["apply"] = Invalid(422, "Invalid", "field is immutable")
    with pytest.raises(Invalid, match="immutable"):
        await world.applier.apply(world.owner, child(a="2"))


@pytest.mark.parametrize("failures", [1, 10])
async def test_a_conversion_that_others_overtake_is_tried_again(world: World, failures: int) -> None:
    """Other controllers write into a new object at once; for ever would be too long."""
    await world.applier.apply(world.owner, child(a="1"))
    entry = {"manager": FIELD_MANAGER, "operation": "Update", "fieldsV1": {}}
    world.server.objects[CHILD]["metadata"]["managedFields"] = [entry]
    world.server.overtaken = failures
    if failures == 1:
        assert (await world.applier.apply(world.owner, child(a="2")))["data"] == {"a": "2"}
    else:
        with pytest.raises(Postponed, match="changes too fast"):
            await world.applier.apply(world.owner, child(a="2"))
        assert world.server.objects[CHILD]["data"] == {"a": "1"}


async def test_initial_values_are_written_at_birth_only(world: World) -> None:
    """They are no part of the intent."""
    live = await world.applier.apply(world.owner, child(a="1"), initial={"data": {"count": "3"}})
    assert live["data"] == {"a": "1", "count": "3"}
    world.edit(count="7")
    world.server.took()
    await world.applier.apply(world.owner, child(a="1"), initial={"data": {"count": "3"}})
    assert world.server.took() == []


async def test_prune_deletes_what_left_the_spec_and_only_that(world: World) -> None:
    """Own children of the named kinds, once, and nobody else's."""
    for name in ("child", "kept"):
        await world.applier.apply(world.owner, config_map(name, data={}))
    world.server.put(config_map("stranger"))
    world.look()
    world.server.took()
    keep = [Ref("ConfigMap", "default", "kept")]
    assert await world.applier.prune(world.owner, keep, ["ConfigMap"]) == [CHILD]
    assert await world.applier.prune(world.owner, keep, ["ConfigMap"]) == []
    assert world.server.took() == [f"get {ref(world.owner)}", f"delete {CHILD}"]
    assert {target.name for target in world.server.objects} == {"owner", "kept", "stranger"}


@pytest.mark.parametrize("change", [{"generation": 7}, {"uid": "another"}])
async def test_nothing_is_pruned_for_what_was_asked_in_the_past(world: World, change: Manifest) -> None:
    """Whoever is shown an owner that has changed since, or was made anew, deletes nothing: it may be wanted again."""
    await world.applier.apply(world.owner, config_map("child", data={}))
    world.look()
    world.server.put({**world.owner, "metadata": {**world.owner["metadata"], **change}})
    world.server.took()
    with pytest.raises(Postponed):
        await world.applier.prune(world.owner, [], ["ConfigMap"])
    assert not [call for call in world.server.took() if call.startswith("delete")]


@pytest.mark.parametrize("change", [{"generation": 7}, {"uid": "another"}, None], ids=["changed", "anew", "gone"])
async def test_a_child_that_went_is_not_revived_for_what_was_asked_in_the_past(
    world: World, change: Manifest | None
) -> None:
    """It may have gone with its owner, of which the store has not heard yet: the server is asked about the owner."""
    await world.applier.apply(world.owner, child(a="1"))
    world.look()
    owner, stale = ref(world.owner), world.owner
    world.store.remove(*CHILD)
    del world.server.objects[CHILD], world.server.objects[owner]
    if change is not None:
        world.server.put({**stale, "metadata": {**stale["metadata"], **change}})
    for _ in range(2):
        with pytest.raises(Postponed):
            await world.applier.apply(stale, child(a="1"))
    assert CHILD not in world.server.objects
    world.server.put(stale)
    world.server.took()
    await world.applier.apply(stale, child(a="1"))
    assert world.server.took() == [f"get {owner}", f"create {CHILD}"]


async def test_what_went_long_ago_is_forgotten(world: World) -> None:
    """By then the store has heard of the owner; and what was not ours is not remembered at all."""
    await world.applier.apply(world.owner, child(a="1"))
    await world.applier.apply(world.owner, config_map("second", data={}))
    world.server.put(config_map("stranger", data={}))
    world.look()
    world.store.remove(*CHILD)
    world.store.remove("ConfigMap", "default", "stranger")
    world.clock.now += PATIENCE + 1
    world.store.remove("ConfigMap", "default", "second")
    del world.server.objects[CHILD]
    world.server.took()
    await world.applier.apply(world.owner, child(a="1"))
    assert world.server.took() == [f"create {CHILD}"]


async def test_a_status_that_cannot_be_applied_is_replaced(world: World) -> None:
    """On an object that breaks the schema of its kind the server applies nothing, and takes a patch."""
    world.server.fail["apply status"] = ApiError(500, "", "failed to convert to smd typed")
    assert await world.applier.status(world.owner, {"phase": "Failed"})
    assert world.server.took()[-2:] == [f"apply status {ref(world.owner)}", f"patch status {ref(world.owner)}"]
    assert (await world.server.get(*ref(world.owner)))["status"] == {"phase": "Failed"}


async def test_prune_never_deletes_a_namesake(world: World) -> None:
    """The object was made anew meanwhile: its uid is another, so it stays."""
    await world.applier.apply(world.owner, child(a="1"))
    world.look()
    world.server.put(config_map("child", data={}, uid="another"))
    assert await world.applier.prune(world.owner, [], ["ConfigMap"]) == []
    assert uid(world.server.objects[CHILD]) == "another"


async def test_status_is_written_when_it_differs_and_only_then(world: World) -> None:
    """The second write of the same status is none, also before the store saw the first."""
    assert await world.applier.status(world.owner, {"phase": "Ready"})
    assert not await world.applier.status(world.owner, {"phase": "Ready"})
    assert world.applier.latest(world.owner)["status"] == {"phase": "Ready"}
    world.look()
    again = world.restarted()
    assert not await again.applier.status(again.owner, {"phase": "Ready"})
    assert world.server.took() == [f"apply status {ref(world.owner)}"]
    assert await again.applier.status(again.owner, {"phase": "Pending"})


async def test_the_status_of_what_is_gone_is_nobodys_business(world: World) -> None:
    """No error, no object made for the sake of its status."""
    del world.server.objects[ref(world.owner)]
    assert not await world.applier.status(world.owner, {"phase": "Ready"})
    world.server.put(config_map("owner", uid="another"))
    assert not await world.applier.status(world.owner, {"phase": "Ready"})
    assert "status" not in world.server.objects[ref(world.owner)]
