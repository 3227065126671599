"""Devices of a firm: which there are, what they may hold without contact, and how one is emptied from afar."""
