"""Telling people of things: what is to be told, by which ways, and the sending of it.

`queue.py` takes a notice in the transaction that causes it; everything else happens later, beside the writer.
"""
