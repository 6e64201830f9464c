"""kubectl prism: install, reconcile and watch the Prism data-access gateway on Kubernetes."""

__version__ = "0.1.0"
