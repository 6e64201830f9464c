"""What the reconciler does when the world misbehaves: one file for each family of perturbations, one for each tool.

`PRISM_FAULTS=full` runs every case of the plan and writes docs/reliability.md; without it a few of each run.
"""
