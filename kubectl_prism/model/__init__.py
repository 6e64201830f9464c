"""What a Prism is: frozen values and the rules that hold for them.

The lowest room but `errors`. Everything here is pure: no clock, no network, no files. The four kinds
are pydantic models from which the CRDs are generated, so that a default, a limit or a
description is written once and holds offline (`render`) and on the API server alike.
"""
