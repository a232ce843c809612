//! Precedence, associativity, literals: what text becomes, and what is refused before its meaning is looked at.

use crate::rules::expr::{Defines, MAX_RULE, meaning, parse};

/// Operators before their operands.
fn read(text: &str) -> String {
    match parse::parse(text, MAX_RULE) {
        Ok(node) => meaning::canonical(&node, &Defines::default()),
        Err(mistake) => format!("{:?} {}", &text[mistake.span], mistake.message),
    }
}

#[test]
fn operators_bind_as_in_cel() {
    for (text, tree) in [
        ("a || b && c", "||(a &&(b c))"),
        ("a && b || c && d", "||(&&(a b) &&(c d))"),
        ("a || b ? c : d", "?(||(a b) c d)"),
        ("a ? b : c ? d : e", "?(a b ?(c d e))"),
        ("a ? b ? c : d : e", "(read error)"),
        ("a ? (b ? c : d) : e", "?(a ?(b c d) e)"),
        ("a == b && c", "&&(==(a b) c)"),
        ("a == b == c", "==(==(a b) c)"),
        ("a < b + c * d", "<(a +(b *(c d)))"),
        ("a - b - c", "-(-(a b) c)"),
        ("a / b * c % d", "%(*(/(a b) c) d)"),
        ("(a - b) - c", "-(-(a b) c)"),
        ("a - (b - c)", "-(a -(b c))"),
        ("!a && b", "&&(!(a) b)"),
        ("!a.b", "!(.b(a))"),
        ("!!a", "!(!(a))"),
        ("!a == b", "==(!(a) b)"),
        ("-a + b", "+(-(a) b)"),
        ("- 5", "-5"),
        ("--5", "-(-5)"),
        ("a - -5", "-(a -5)"),
        ("a -5", "-(a 5)"),
        ("a in [b, c] && d", "&&(in(a list(b c)) d)"),
        ("a in [b, c,]", "in(a list(b c))"),
        ("!(a in [])", "!(in(a list()))"),
        ("a && b && (c && d)", "&&(a b &&(c d))"),
        ("(a || b) || c", "||(a b c)"),
        ("a.b.c(d, e).f", ".f(c(.b(a) d e))"),
        ("size(a)", "size(a)"),
        ("a.while.package()", "package(.while(a))"),
        ("labels['x'].y", ".y([](labels \"x\"))"),
        ("a // a comment\n && b", "&&(a b)"),
        ("inside || international", "||(inside international)"),
        ("a in[b]", "in(a list(b))"),
    ] {
        let tree = if tree == "(read error)" {
            "\"?\" here should be `:`, not `?`"
        } else {
            tree
        };
        assert_eq!(read(text), tree, "{text}");
    }
}

#[test]
fn literals() {
    for (text, literal) in [
        ("0", "0"),
        ("0x1F", "31"),
        ("-0x1f", "-31"),
        ("9223372036854775807", "9223372036854775807"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("true", "true"),
        ("null", "null"),
        (r#"'a"b'"#, r#""a\"b""#),
        (r#""a'b""#, r#""a'b""#),
        (r"'a\'b\\c\n\t\x41\u00e9\U0001F600\101\?'", r#""a'b\\c\n\tAé😀A?""#),
        (r"r'a\d'", r#""a\\d""#),
        (r#"R"a\""#, r#""a\\""#),
        ("'''a'b\nc'''", r#""a'b\nc""#),
        ("''", r#""""#),
        ("''''''", r#""""#),
        ("'真实'", r#""真实""#),
    ] {
        assert_eq!(read(text), literal, "{text}");
    }
}

#[test]
fn mistakes_of_grammar() {
    for (text, mistake) in [
        ("", r#""" the expression is empty"#),
        ("  // nothing", r#""  // nothing" the expression is empty"#),
        ("a &&", r#""" here should be a value, not the end of the expression"#),
        ("a b", r#""b" here should be the end of the expression, not `b`"#),
        (
            "a and b",
            r#""and" here should be the end of the expression, not `and`"#,
        ),
        ("(a", r#""" here should be `)`, not the end of the expression"#),
        ("[a, b", r#""" here should be `]`, not the end of the expression"#),
        ("f(a b)", r#""b" here should be `)`, not `b`"#),
        ("a.5", r#""5" here should be a name after the dot, not `5`"#),
        ("a = b", r#""=" `=` means nothing here"#),
        ("a & b", r#""&" `&` means nothing here"#),
        ("{'a': b}", r#""{" `{` means nothing here"#),
        ("a == ‘b’", r#""‘" `‘` means nothing here"#),
        ("'a", r#""'" this text has no end"#),
        ("'a\nb'", r#""'" this text has no end"#),
        (r"'a\q'", r#""\\q" no such escape in a text"#),
        (r"'\x4'", r#""\\x4" no such escape in a text"#),
        (r"'\ud800'", r#""\\ud800" no such escape in a text"#),
        ("b'a'", r#""b" bytes are left out: every text here is characters"#),
        ("a > 1.5", r#""1.5" fractions are left out: every number here is whole"#),
        ("a > 1e3", r#""1e3" fractions are left out: every number here is whole"#),
        (
            "a > 5u",
            r#""5u" unsigned numbers are left out: every number here has a sign"#,
        ),
        ("a > 5m", r#""5m" `5m` is neither a number nor a name"#),
        (
            "9223372036854775808",
            r#""9223372036854775808" the number does not fit in 64 bits"#,
        ),
        (
            "-9223372036854775809",
            r#""-9223372036854775809" the number does not fit in 64 bits"#,
        ),
        (
            "99999999999999999999",
            r#""99999999999999999999" the number does not fit in 64 bits"#,
        ),
        ("a.in", r#""in" `in` is a word that CEL keeps for itself"#),
        ("a.true", r#""true" `true` is a word that CEL keeps for itself"#),
        ("a > .5", r#""." here should be a value, not `.`"#),
        ("a.`b`", r#""`" ``` means nothing here"#),
        ("if", r#""if" `if` is a word that CEL keeps for itself"#),
        ("in", r#""in" here should be a value, not `in`"#),
    ] {
        assert_eq!(read(text), mistake, "{text}");
    }
}
