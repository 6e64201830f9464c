"""`python -m kubectl_prism`: the same door as the `kubectl-prism` console script."""

from kubectl_prism.cli import main

if __name__ == "__main__":
    main()
