"""The filters, tests, methods and globals that compiled templates may use, with their parameters.

`service_worker/template_filters.js` has one function for each: a name here and not there, or the other way
round, fails a test.  A filter exists on both hosts or not at all.
"""

# filter -> its parameters after the value, in order; named arguments are put in their places at build time
FILTERS = {
    "abs": (),
    "attr": ("name",),
    "batch": ("linecount", "fill_with"),
    "capitalize": (),
    "default": ("default_value", "boolean"),
    "dictsort": ("case_sensitive", "by", "reverse"),
    "escape": (),
    "first": (),
    "float": ("default",),
    "forceescape": (),
    "format": None,  # any number of values
    "from_json": (),
    "groupby": ("attribute", "default", "case_sensitive"),
    "int": ("default", "base"),
    "items": (),
    "join": ("d", "attribute"),
    "last": (),
    "length": (),
    "list": (),
    "lower": (),
    "max": ("case_sensitive", "attribute"),
    "min": ("case_sensitive", "attribute"),
    "replace": ("old", "new", "count"),
    "reverse": (),
    "round": ("precision", "method"),
    "safe": (),
    "sort": ("reverse", "case_sensitive", "attribute"),
    "string": (),
    "striptags": (),
    "sum": ("attribute", "start"),
    "title": (),
    "tojson": (),
    "trim": (),
    "truncate": ("length", "killwords", "end", "leeway"),
    "unique": ("case_sensitive", "attribute"),
    "upper": (),
    "urlencode": (),
    "wordcount": (),
}

FILTER_SYNONYMS = {"d": "default", "e": "escape", "count": "length"}

# filters whose first argument names a filter or a test; the compiler looks it up at build time
CHOOSING_FILTERS = ("map", "select", "reject", "selectattr", "rejectattr")

TESTS = (
    "boolean",
    "callable",
    "defined",
    "divisibleby",
    "eq",
    "escaped",
    "even",
    "false",
    "ge",
    "gt",
    "in",
    "integer",
    "iterable",
    "le",
    "lower",
    "lt",
    "mapping",
    "ne",
    "none",
    "number",
    "odd",
    "sameas",
    "sequence",
    "string",
    "true",
    "undefined",
    "upper",
)

TEST_SYNONYMS = {
    "equalto": "eq",
    "==": "eq",
    "!=": "ne",
    "<": "lt",
    "lessthan": "lt",
    "<=": "le",
    ">": "gt",
    "greaterthan": "gt",
    ">=": "ge",
}

GLOBALS = ("cycler", "dict", "joiner", "namespace", "range")

# methods of texts, lists, mappings, loops, cyclers
METHODS = frozenset(
    "append changed count cycle endswith find get index items join keys lower lstrip next replace reset "
    "rstrip split startswith strip title upper values".split()
)
