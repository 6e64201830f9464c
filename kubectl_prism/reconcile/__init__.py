"""The engine: a change becomes a request, a request becomes one reconcile, a reconcile writes only what differs.

`manager` runs informers and controllers, `controller` the workers of one kind, `queue` decides who is next, `apply` is
the only writer of desired state. Nothing in those files knows a kind of this project; kind files know no queue.
"""
