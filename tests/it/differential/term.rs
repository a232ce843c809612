//! A generated part of an expression in two spellings: ours, and the one that makes CEL's reader mean the same. Parentheses stand only
//! where they must, so that both readers show how they bind.

/// Stands for the variable of a macro in the making.
pub const HOLE: &str = "§";

/// How tightly what is written binds, from `?:` to a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Binds {
    Choice,
    Or,
    And,
    Relation,
    Sum,
    Product,
    Sign,
    Whole,
}

impl Binds {
    fn tighter(self) -> Self {
        match self {
            Self::Choice => Self::Or,
            Self::Or => Self::And,
            Self::And => Self::Relation,
            Self::Relation => Self::Sum,
            Self::Sum => Self::Product,
            Self::Product => Self::Sign,
            Self::Sign | Self::Whole => Self::Whole,
        }
    }
}

#[derive(Debug, Clone)]
pub struct Term {
    pub ours: String,
    pub theirs: String,
    binds: Binds,
}

impl Term {
    /// A name or literal, which both write alike.
    pub fn word(text: &str) -> Self {
        Self::spelled(text, text)
    }

    /// What CEL writes differently; in parentheses there, unless a name.
    pub fn spelled(ours: impl Into<String>, theirs: impl Into<String>) -> Self {
        let ours = ours.into();
        let binds = if ours.starts_with('-') {
            Binds::Sign
        } else {
            Binds::Whole
        };
        Self {
            ours,
            theirs: theirs.into(),
            binds,
        }
    }

    pub fn hole() -> Self {
        Self::word(HOLE)
    }

    fn within(&self, least: Binds) -> Self {
        if self.binds >= least {
            return self.clone();
        }
        Self {
            ours: format!("({})", self.ours),
            theirs: format!("({})", self.theirs),
            binds: Binds::Whole,
        }
    }

    /// `left operator right`, which groups to the left.
    pub fn infix(left: &Self, operator: &str, binds: Binds, right: &Self) -> Self {
        let (left, right) = (left.within(binds), right.within(binds.tighter()));
        Self {
            ours: format!("{} {operator} {}", left.ours, right.ours),
            theirs: format!("{} {operator} {}", left.theirs, right.theirs),
            binds,
        }
    }

    pub fn not(of: &Self) -> Self {
        Self::prefix('!', &of.within(Binds::Sign))
    }

    /// The sign of a literal is a part of it, so one before another sign stands in parentheses.
    pub fn minus(of: &Self) -> Self {
        Self::prefix('-', &of.within(Binds::Whole))
    }

    fn prefix(sign: char, of: &Self) -> Self {
        Self {
            ours: format!("{sign}{}", of.ours),
            theirs: format!("{sign}{}", of.theirs),
            binds: Binds::Sign,
        }
    }

    pub fn choice(condition: &Self, then: &Self, otherwise: &Self) -> Self {
        let (condition, then) = (condition.within(Binds::Or), then.within(Binds::Or));
        Self {
            ours: format!("{} ? {} : {}", condition.ours, then.ours, otherwise.ours),
            theirs: format!("{} ? {} : {}", condition.theirs, then.theirs, otherwise.theirs),
            binds: Binds::Choice,
        }
    }

    /// `receiver.name(arguments)`
    pub fn method(receiver: &Self, name: &str, arguments: &[&Self]) -> Self {
        let receiver = receiver.within(Binds::Whole);
        let call = Self::call(name, arguments);
        Self {
            ours: format!("{}.{}", receiver.ours, call.ours),
            theirs: format!("{}.{}", receiver.theirs, call.theirs),
            binds: Binds::Whole,
        }
    }

    /// `name(arguments)`
    pub fn call(name: &str, arguments: &[&Self]) -> Self {
        let ours: Vec<&str> = arguments.iter().map(|argument| argument.ours.as_str()).collect();
        let theirs: Vec<&str> = arguments.iter().map(|argument| argument.theirs.as_str()).collect();
        Self {
            ours: format!("{name}({})", ours.join(", ")),
            theirs: format!("{name}({})", theirs.join(", ")),
            binds: Binds::Whole,
        }
    }

    /// `of in [elements]`. Where elements are no constants, CEL is shown the comparisons that it means here: an element that fails spoils
    /// only its own, and null is in no list.
    pub fn is_in(of: &Self, elements: &[Self], constant: bool) -> Self {
        let listed = Self::infix(of, "in", Binds::Relation, &list(elements));
        if constant {
            return listed;
        }
        let comparisons: Vec<Self> = elements
            .iter()
            .map(|element| Self::infix(of, "==", Binds::Relation, element))
            .collect();
        let of = of.within(Binds::Relation);
        Self {
            theirs: format!("({} != null && ({}))", of.theirs, theirs(&comparisons, " || ")),
            ..listed
        }
    }

    /// `[elements].name(variable, body)`, the body with [`HOLE`]s. Where elements are no constants, CEL is shown the body once for each.
    pub fn quantified(name: &str, variable: &str, elements: &[Self], body: &Self, constant: bool) -> Self {
        let body_of = |element: &Self| {
            let element = element.within(Binds::Whole);
            Self {
                ours: body.ours.replace(HOLE, &element.ours),
                theirs: body.theirs.replace(HOLE, &element.theirs),
                binds: body.binds,
            }
        };
        let variable = Self::word(variable);
        let written = Self::method(&list(elements), name, &[&variable, &body_of(&variable)]);
        if constant {
            return written;
        }
        let bodies: Vec<Self> = elements
            .iter()
            .map(|element| body_of(element).within(Binds::Whole))
            .collect();
        let spelled = match name {
            "exists" => theirs(&bodies, " || "),
            "all" => theirs(&bodies, " && "),
            _ => {
                let counted: Vec<String> = bodies.iter().map(|body| format!("({} ? 1 : 0)", body.theirs)).collect();
                format!("{} == 1", counted.join(" + "))
            }
        };
        Self {
            theirs: format!("({spelled})"),
            ..written
        }
    }
}

/// `[elements]`
pub fn list(elements: &[Term]) -> Term {
    let ours: Vec<&str> = elements.iter().map(|element| element.ours.as_str()).collect();
    Term::spelled(
        format!("[{}]", ours.join(", ")),
        format!("[{}]", theirs(elements, ", ")),
    )
}

fn theirs(terms: &[Term], between: &str) -> String {
    let theirs: Vec<&str> = terms.iter().map(|term| term.theirs.as_str()).collect();
    theirs.join(between)
}
