"""Patterns: what they match, what they refuse, and that no text takes long."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workflows.engine.values.patterns import PatternProblem, compile_pattern

TAKEN = [
    ("[A-Z]{2}-[0-9]{4}", ["AB-1234"], ["AB-123", "ab-1234", "AB-12345", ""]),
    (r"\d+(\.\d{1,2})?", ["1", "12.5", "12.50"], ["12.", ".5", "1.234", "x"]),
    ("(red|green)( dark)?", ["red", "green dark"], ["dark", "red green", "red dark dark"]),
    ("^INV.*$", ["INV", "INV 12 / a"], ["XINV", "INV\n2"]),
    ("[^ ]{3,}", ["abc", "a-b-c-d"], ["ab", "a bc d"]),
    (r"\$[0-9a-f]*", ["$", "$0af"], ["0af", "$x"]),
    ("[a-c-]+", ["a-b", "-"], ["d", ""]),
    ("(a|b)*abb", ["abb", "ababb"], ["ab", "abba"]),
    ("[ÄÖÜäöüß]+", ["Öß"], ["o"]),
    ("a{0,2}b{2}", ["bb", "aabb"], ["aaabb", "b"]),
    ("(ab){2,}", ["abab", "ababab"], ["ab", "aba"]),
    ("", [""], ["a"]),
]


@pytest.mark.parametrize(("pattern", "fits", "misses"), TAKEN)
def test_a_pattern_speaks_of_the_whole_text(pattern, fits, misses):
    compiled = compile_pattern(pattern)

    assert [written for written in fits if not compiled.matches(written)] == []
    assert [written for written in misses if compiled.matches(written)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        r"(a)\1", "(?=a)b", "(?<!a)b", "(?P<n>a)", "(?i)a", "a*?", "a++", "a{2}{3}", "a{3,2}",
        "a{,3}", "a{x}", "a{0}", "(a", "a)", "[a", "[]", "[z-a]", "*a", "a|*", r"\b", r"\p",
        "a^b", "a$b", "a" * 201, "a{401}", "((a{20}){20}){20}", "(" * 30 + "a" + ")" * 30, "\\",
    ],
)  # fmt: skip
def test_what_would_need_to_look_back_or_has_no_meaning_is_refused_in_words(pattern):
    with pytest.raises(PatternProblem) as problem:
        compile_pattern(pattern)
    assert str(problem.value)


EVIL = ["(a+)+b", "(a|a)*b", "(a|aa)+b", "(.*)*x", "([a-z]+)*[0-9]", "(a?){60}a{60}",
        "(a|b)*a(a|b){100}", "(.?){200}b", "((a*)*)*b"]  # fmt: skip


@pytest.mark.parametrize("pattern", EVIL)
def test_the_work_for_a_text_grows_with_its_length_alone(pattern):
    compiled = compile_pattern(pattern)
    steps = 0
    move = compiled._move

    def counted(state, mask):
        nonlocal steps
        steps += 1
        return move(state, mask)

    compiled._move = counted
    for text in ("a" * 10_000, "ab" * 5_000, "".join(chr(97 + n * n % 7) for n in range(10_000))):
        steps = 0
        compiled.matches(text)
        assert steps <= len(text), pattern
        assert len(compiled._moves) <= 4_000


@pytest.mark.parametrize(("pattern", "fits", "misses"), TAKEN)
def test_the_example_and_the_portable_spelling_say_the_same(pattern, fits, misses):
    compiled = compile_pattern(pattern)

    assert compiled.matches(compiled.example)
    portable = re.sub(r"\\u\{([0-9a-f]+)\}", lambda m: f"\\U{int(m[1], 16):08x}", compiled.portable)
    assert all(re.fullmatch(portable, written) for written in fits)
    assert not any(re.fullmatch(portable, written) for written in misses)


def test_a_pattern_that_nothing_matches_has_no_example():
    assert compile_pattern(r"a[^\s\S]").example is None


@given(
    st.recursive(
        st.sampled_from(["a", "b", "[ab]", "[^a]", ".", "c"]),
        lambda inner: st.one_of(
            st.tuples(inner, inner).map("".join),
            st.tuples(inner, inner).map(lambda pair: f"({pair[0]}|{pair[1]})"),
            st.tuples(inner, st.sampled_from(["*", "+", "?", "{2}", "{1,3}", "{2,}"])).map(
                lambda pair: f"({pair[0]}){pair[1]}"
            ),
        ),
        max_leaves=6,
    ),
    st.text("abcd", max_size=8),
)
def test_random_patterns_agree_with_regular_expressions(pattern, written):
    assert compile_pattern(pattern).matches(written) == bool(re.fullmatch(pattern, written))
