"""What the simulated pods of a sandbox answer: one process for all of them, started and stopped with the sandbox.

Proxies speak the quota service and hold clients to it, admins speak prism.ControlPlane and elect a leader, keyvalue
runners serve the memo's HTTP. Everything they say names itself simulated.
"""
