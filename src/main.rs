//! The thin binary: everything is in the library.

use std::process::ExitCode;

/// Much of what one thread takes another gives back, from the caller's worker to the engine's thread.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    bellwether::cli::main()
}
