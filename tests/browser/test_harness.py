def test_page_can_import_modules(js):
    assert js("arg + 1", 1) == 2
