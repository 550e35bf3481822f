from kennel.cli.table import print_pairs, print_table


def test_columns_line_up_whatever_the_script(capsys):
    print_table(["NAME", "STATUS"], [("a", "x"), ("犬小屋", "y"), ("e\u0301t\u00e9", "z")])
    assert capsys.readouterr().out == (
        "NAME    STATUS\na       x\n犬小屋  y\ne\u0301t\u00e9     z\n"
    )


def test_no_line_ends_in_blanks_and_an_empty_cell_shows(capsys):
    print_table(["A", "LONG HEADING"], [("1", "2"), ("", "")])
    assert capsys.readouterr().out == "A  LONG HEADING\n1  2\n-  -\n"


def test_a_cell_stays_one_line_and_can_not_move_the_cursor(capsys):
    print_pairs([("reason", "two\nlines\x1b[2J")])
    assert capsys.readouterr().out == "reason  two lines [2J\n"
