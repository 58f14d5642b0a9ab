"""Score files of every bad kind are refused in one sentence; good ones of other layouts are read."""

import numpy as np
import pytest
from dermis_host.errors import UsageError
from dermis_host.evaluation.score_files import GROUPS, LONGEST_LINE, MOST_LABELS, Layout, load, parse_columns

HEADER = "attempt,subject,species,score\n"
GOOD = HEADER + "a1,s1,,0.9\na2,s2,photo,0.1\n"


@pytest.fixture
def write(tmp_path):
    def put(data):
        path = tmp_path / "scores.csv"
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path

    return put


def refusal(path, layout=None):
    with pytest.raises(UsageError) as caught:
        load(path, layout)
    sentence = str(caught.value)
    assert sentence.endswith(".") and "\n" not in sentence and "Traceback" not in sentence
    return sentence


def test_reads_what_the_format_says(write):
    scores = load(write(GOOD))
    assert scores.attempt.tolist() == ["a1", "a2"]
    assert scores.bona_fide.tolist() == [True, False]
    assert scores.species.names == ["", "photo"]
    assert scores.score.tolist() == [0.9, 0.1]
    assert scores.responded.all() and scores.lines.tolist() == [2, 3]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("\n\n", "is empty"),
        (HEADER, "no rows"),
        ("attempt,subject,score\na,s,1\n", "no column 'species'"),
        ("attempt;subject;species;score\na;s;;1\n", "a semicolon: add --delimiter ';'"),
        ("attempt\tsubject\tspecies\tscore\na\ts\t\t1\n", "a tab: add --delimiter tab"),
        ("attempt,subject,species,score,score\na,s,,1,1\n", "two columns 'score'"),
        (GOOD + "a3,s3,,nan\n", "line 4: the score is 'nan'"),
        (GOOD + "a3,s3,,inf\n", "line 4: the score is 'inf'"),
        (GOOD + "a3,s3,,1.7e308\n", "line 4: the score is '1.7e308'; it must be a number within +-1e+300"),
        (GOOD + "a3,s3,,\n", "line 4: there is no score"),
        (GOOD + "a3,s3,,high\n", "line 4: the score 'high' is no number"),
        (GOOD + "a3,s3,,1_0\n", "line 4: the score '1_0' is no number"),
        (GOOD + 'a3,s3,,"0,9"\n', "line 4: the score '0,9' is no number (a decimal comma?)"),
        (GOOD + "a3,s3,,1,2\n", "line 4: it has 5 fields"),
        (GOOD + "a3,s3\n", "line 4: it has 2 fields"),
        (GOOD + "a1,s3,,1\n", "line 4: the attempt 'a1' is that of line 2 too"),
        (HEADER + "a,s,,1\nb,s,,2\n", "no attack presentation"),
        (HEADER + "a,s,p,1\nb,s,q,2\n", "no bona fide presentation"),
        (GOOD + "a3,s3,bona_fide,1\n", "line 4: the species is 'bona_fide'; for bona fide leave it empty"),
        (GOOD + "a3,s3,max,1\n", "line 4: no PAI species can be called max"),
        (GOOD + "a3,s3,\x1b[31mred,1\n", "line 4: the species '\\x1b[31mred' must be"),
        (GOOD + f"a3,s3,{'x' * 101},1\n", "line 4: the species 'xxxx"),
        (GOOD + 'a3,s3,"open,1\n', "a quote is not closed"),
        (GOOD + "x" * LONGEST_LINE, "line 4: it has more than 1,048,576 characters"),
        (GOOD + f"a3,s3,{'x' * 200_000},1\n", "line 4: a field has more than 131,072 characters"),
    ],
)
def test_bad_files_are_told_by_line(write, text, said):
    assert said in refusal(write(text))


def test_bad_bytes_are_told_by_line(write):
    assert "not UTF-8 in line 3" in refusal(write((HEADER + "a,s,,1\n").encode() + b"b,s,caf\xe9,0\n"))
    assert "UTF-16" in refusal(write(GOOD.encode("utf-16")))


def test_lines_are_right_after_blank_ones_and_quoted_line_ends(write):
    assert "line 6: the score" in refusal(write(HEADER + '"a\n1",s,,1\n\na2,s,photo,0\na3,s,,bad\n'))


def test_a_line_far_down_is_named(write):
    rows = "".join(f"a{i},s,{'' if i % 2 else 'photo'},{i}\n" for i in range(70_000))
    assert "line 70002: the score 'x'" in refusal(write(HEADER + rows + "b,s,,x\n"))


def test_more_species_than_there_can_be_are_another_column(write):
    rows = "".join(f"a{i},s,kind{i},{i}\n" for i in range(MOST_LABELS + 1))
    assert "is it the species?" in refusal(write(HEADER + "b,s,,1\n" + rows))


@pytest.mark.parametrize("column", ["tone", "condition", "module", "covered_by"])
def test_more_values_than_can_be_reported_cost_that_column_alone(write, column):
    rows = "".join(f"a{i},s,{'photo' if i % 2 else ''},{i},word {i}\n" for i in range(MOST_LABELS + 1))
    by = () if column in GROUPS else (column,)
    scores = load(write(f"attempt,subject,species,score,{column}\n" + rows), Layout(by=by))
    assert not scores.groups and len(scores) == MOST_LABELS + 1
    assert scores.remarks == (
        f"The column '{column}' has 1,001 different values, more than 1,000: nothing is reported by it.",
    )
    assert scores.select(np.arange(3)).remarks == scores.remarks
    fewer = rows[: rows.rindex("a1000,")]
    kept = load(write(f"attempt,subject,species,score,{column}\n" + fewer), Layout(by=by))
    assert list(kept.groups) == [column] and not kept.remarks


@pytest.mark.parametrize(
    ("column", "good", "bad", "said"),
    [
        ("ms", "0.5", "-1", "line 3: the ms is '-1'; it must be a number of 0 or more"),
        ("bursts", "0", "1.5", "line 3: the bursts is '1.5'; it must be a whole number of 0 or more"),
        ("bursts", "2.0", "-1", "line 3: the bursts is '-1'; it must be a whole number"),
        ("covered", "1", "1.01", "line 3: the covered part is '1.01'; it must be a number from 0 to 1"),
        ("covered", "0", "-0.1", "line 3: the covered part is '-0.1'"),
        ("covered", "0.25", "half", "line 3: the covered part is 'half'"),
        ("covered", "", "0_1", "line 3: the covered part is '0_1'"),
        ("covered", " 1e-1 ", "nan", "line 3: the covered part is 'nan'"),
    ],
)
def test_numbers_that_cannot_be(write, column, good, bad, said):
    head = f"attempt,subject,species,score,{column}\n"
    assert len(load(write(head + f"a,s,,1,{good}\nb,s,p,0,\n"))) == 2
    assert said in refusal(write(head + f"a,s,,1,{good}\nb,s,p,0,{bad}\n"))


def test_a_column_to_report_by_that_is_not_there(write):
    said = refusal(write(GOOD), Layout(by=("nothere",)))
    assert "no column 'nothere'" in said and said.endswith("name the right one with --by COLUMN.")
    assert "--columns tone=COLUMN." in refusal(write(GOOD), Layout(by=("tone",)))


def test_files_that_are_none(tmp_path):
    assert "There is no file" in refusal(tmp_path / "none.csv")
    assert "cannot be read" in refusal(tmp_path)


def test_byte_order_mark_spaces_and_crlf(write):
    text = "\ufeffattempt, subject ,species,score\r\na1,s1, ,0.9\r\na2,s2, photo , 1e-1\r\n"
    scores = load(write(text))
    assert scores.species.names == ["", "photo"] and scores.score.tolist() == [0.9, 0.1]


def test_other_layouts(write):
    path = write("who|label|pad\nx|real|0.9\ny|replay|0.2\n")
    layout = Layout(
        parse_columns(["attempt=#,subject=who", "species=label", "score=pad"]), frozenset(["real"]), ("who",), "|"
    )
    scores = load(path, layout)
    assert scores.attempt.tolist() == ["1", "2"] and scores.bona_fide.tolist() == [True, False]
    assert list(scores.groups) == ["who"]


def test_a_word_for_bona_fide_that_no_row_holds(write):
    path = write("attempt,subject,species,score\nx,s,,1\ny,s,live,1\nz,s,photo,0\n")
    assert load(path, Layout(bona_fide=frozenset(["live", ""]))).bona_fide.tolist() == [True, True, False]
    said = refusal(path, Layout(bona_fide=frozenset(["live", "nosuchword"])))
    assert "has the species 'nosuchword', which --bona-fide names" in said and "column 'species'" in said


@pytest.mark.parametrize("words", [["score"], ["nothing=x"], ["score="], [""]])
def test_bad_layouts(words):
    with pytest.raises(UsageError, match="--columns takes NAME=COLUMN"):
        parse_columns(words)


def test_responses(write):
    head = "attempt,subject,species,score,response\n"
    scores = load(write(head + "a,s,,1,yes\nb,s,,,no\nc,s,p,0,\nd,s,p,,none\ne,s,,,\nf,s,,-inf,1\n"))
    assert scores.responded.tolist() == [True, False, True, False, False, True]
    assert np.isneginf(scores.score[-1])
    assert "write yes or no" in refusal(write(head + "a,s,,1,perhaps\nb,s,p,0,yes\n"))
    assert "line 2: there is no score" in refusal(write(head + "a,s,,,yes\nb,s,p,0,yes\n"))


def test_purpose_and_origin(write):
    head = "attempt,subject,species,score,purpose,simulated\n"
    scores = load(write(head + "a,s,,1,,no\nb,s,p,0,concealer,yes\n"))
    assert scores.concealer.tolist() == [False, True] and scores.simulated is True
    assert "must be concealer or impostor" in refusal(write(head + "a,s,,1,,no\nb,s,p,0,thief,no\n"))


def tones_of(scores):
    return [scores.groups["tone"].names[code] for code in scores.groups["tone"].codes]


def test_measured_tones_are_read_by_bands(write):
    head = "attempt,subject,species,score,tone\n"
    scores = load(write(head + "a,s,,1,0.2\nb,s,,1,0.299\nc,s,p,0,\nd,s,,1,0.7\n"))
    assert tones_of(scores) == ["0.2-0.3", "0.2-0.3", "", "0.6-0.7"], "the highest band has its upper end too"
    assert tones_of(load(write(head + "a,s,,1,0.7\nb,s,p,1,0.71\n"))) == ["0.7-0.8", "0.7-0.8"]
    assert tones_of(load(write(head + "a,s,,1,0\nb,s,p,1,1\n"))) == ["0.0-0.1", "0.9-1.0"]
    assert tones_of(load(write(head + "a,s,,1,0\nb,s,p,1,\n"))) == ["0.0-0.1", ""]
    named = load(write(head + "a,s,,1,dark\nb,s,p,1,0.3\n"))
    assert named.groups["tone"].names == ["dark", "0.3"]
