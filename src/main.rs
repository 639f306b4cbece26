//! The door: parse arguments, run one command, turn its outcome into an exit code.

use std::io::Write;
use std::process::ExitCode;

use wirewitness::cli;

/// Decoding makes small allocations by the million, most of which live as long as one message.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::run(std::env::args_os()) {
        Ok(outcome) => outcome.into(),
        // `wirewitness messages … | head` ends the pipe early; that is no error.
        Err(error) if cli::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed standard error leaves nobody to tell.
            let _ = writeln!(std::io::stderr(), "wirewitness: {error:#}");
            ExitCode::from(2)
        }
    }
}
