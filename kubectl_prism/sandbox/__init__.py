"""A cluster where there is none: real Kubernetes servers on this machine, with simulated nodes and pods.

`binaries` finds, downloads or builds the programs, `cluster` starts, stops and looks at the sandbox, `nodes` says
which machines it pretends to have, `kind` hands over to kind. Called by the command line: everything here is
synchronous, prints nothing and tells its progress to a callable. The person's kubeconfig is left alone unless asked.
"""
