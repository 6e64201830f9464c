"""The engine, tested against a fake API server and, where ownership decides, against a real one."""
