//! Child processes: started from one thread that lives as long as we do, and all ended at once.
//!
//! Rule: Envoy asks the kernel to end it with the *thread* that started it, so no test's thread
//! may be that one; and whoever is interrupted can end every child with one call.

use std::io;
use std::process::{Child, Command};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

/// Whether [`end_all`] was called.
static ENDED: AtomicBool = AtomicBool::new(false);

type Slot = Arc<Mutex<Child>>;
type Order = (Command, Sender<io::Result<Child>>);

/// A child that is killed and reaped when this is dropped.
#[derive(Debug)]
pub(crate) struct Running(Slot);

impl Running {
    /// Starts `command` from the long-lived thread.
    pub(crate) fn start(command: Command) -> io::Result<Self> {
        let (reply, answer) = channel();
        let gone = || io::Error::other("the thread that starts processes is gone");
        let spawner = lock(spawner()).clone();
        spawner.send((command, reply)).map_err(|_| gone())?;
        let slot = Arc::new(Mutex::new(answer.recv().map_err(|_| gone())??));
        let running = Self(slot);
        lock(all()).push(Arc::downgrade(&running.0));
        if all_ended() {
            return Err(io::ErrorKind::Interrupted.into());
        }
        Ok(running)
    }

    /// How it ended, if it has.
    pub(crate) fn ended(&self) -> io::Result<Option<std::process::ExitStatus>> {
        lock(&self.0).try_wait()
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        lock(&self.0).id()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        end(&self.0);
    }
}

/// Ends every child that still runs, and lets no other start. What waits for one finds it gone.
pub(crate) fn end_all() {
    ENDED.store(true, Ordering::SeqCst);
    for slot in lock(all()).drain(..).filter_map(|slot| slot.upgrade()) {
        end(&slot);
    }
}

/// Whether [`end_all`] was called.
pub(crate) fn all_ended() -> bool {
    ENDED.load(Ordering::SeqCst)
}

fn end(slot: &Slot) {
    let mut child = lock(slot);
    // One that has ended by itself cannot be killed, and need not be.
    let _ = child.kill();
    let _ = child.wait();
}

fn spawner() -> &'static Mutex<Sender<Order>> {
    static SPAWNER: OnceLock<Mutex<Sender<Order>>> = OnceLock::new();
    SPAWNER.get_or_init(|| {
        let (orders, inbox) = channel::<Order>();
        std::thread::spawn(move || {
            for (mut command, reply) in inbox {
                // Nobody waits for the answer only if the asking thread has died.
                let _ = reply.send(spawn(&mut command));
            }
        });
        Mutex::new(orders)
    })
}

/// Starts `command` from this very thread.
///
/// A binary that was just written may still be open for writing in a child that another thread
/// is forking at this moment; that passes within milliseconds.
pub(crate) fn spawn(command: &mut Command) -> io::Result<Child> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(2);
    loop {
        match command.spawn() {
            Err(why)
                if why.kind() == io::ErrorKind::ExecutableFileBusy
                    && std::time::Instant::now() < deadline =>
            {
                std::thread::sleep(std::time::Duration::from_millis(5));
            }
            done => return done,
        }
    }
}

fn all() -> &'static Mutex<Vec<Weak<Mutex<Child>>>> {
    static ALL: Mutex<Vec<Weak<Mutex<Child>>>> = Mutex::new(Vec::new());
    &ALL
}

/// A panic elsewhere is no reason to leave a child behind.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
