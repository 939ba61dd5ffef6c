"""Measurements that a reader's machine may not be able to repeat, with what they were made on. See README.md."""
