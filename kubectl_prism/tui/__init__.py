"""The screen. It reads the store, speaks through `view`, and asks through the callables that the command line hands it.

After a key it waits for the watch to show the change: nothing here writes to the store, and nothing is written to a
cluster but what a person confirmed. Only this room imports textual.
"""
