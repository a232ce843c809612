# What is done often; `just` lists it.

_default:
    @just --list --unsorted

# All that CI runs
ci:
    .ci/run

# Is the code sound? Fast enough to run all the time
check:
    cargo fmt --check
    cargo check --locked --all-targets

# Tests, of the code and of the rule catalogue
test *ARGS:
    cargo test --locked {{ ARGS }}
    cargo run --quiet --locked -- test --coverage rules

# Mail, taken by other people's servers: needs python3 with venv and openssl, Postfix's smtp-sink if it is there (apt install postfix)
strangers:
    cargo build --locked
    python3 -m venv target/tools/strangers
    target/tools/strangers/bin/pip install --quiet --disable-pip-version-check aiosmtpd==1.4.6 'dkimpy[ed25519]==1.1.8'
    target/tools/strangers/bin/python tests/strangers.py target/debug/bellwether

# The pictures in docs/mails.md, from the tests' snapshots; needs chromium and fonts-noto-cjk
mails:
    tests/mail-pictures docs/mails

# Lints, of the code and of the API
lint:
    cargo clippy --locked --all-targets -- -D warnings
    buf lint proto

# Licences, banned crates, sources
deny:
    cargo deny --locked check bans licenses sources

# The library's documentation, opened in a browser
doc:
    cargo doc --locked --no-deps --open

# The claims about speed, each beside its yardstick
bench *ARGS:
    cargo bench --locked {{ ARGS }}

# What deciding costs in instructions; needs valgrind and gungraun-runner
instructions:
    cargo bench --locked --profile dev --bench instructions

# The whole story in a minute
demo:
    cargo run --release --locked -- demo
