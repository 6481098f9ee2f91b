//! Every change that is taken while the service runs, and what it costs those who are served.
//!
//! Rule: what a test changes it writes into the files, as an operator or Kubernetes does; nothing
//! is told to the service but to look.

mod key_files;
mod load;
mod public_keys;
mod rotation;
mod second;
mod status;
mod taken;
mod unbroken;
