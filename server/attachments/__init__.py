"""Files that hang on rows: taken in pieces, kept under their hash, given to whoever sees a row that names them.

Nobody is given bytes without a row that they may see, and what a file says it is counts for nothing.
"""
