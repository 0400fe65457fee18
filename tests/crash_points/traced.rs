//! A command under a tracer of our own: before each of its system calls the test decides what becomes of it.
//!
//! `strace -e inject=…:when=N` counts the calls of each thread by itself, so that the N-th write of a program with several
//! threads is several writes, and some are never met. Here one counter runs over the whole program.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::ptrace::{self, Event, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::calls::{self, Call};

/// No traced command takes longer; past it the command is killed and the test fails.
const DEADLINE: Duration = Duration::from_secs(90);

/// What becomes of a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is made.
    Made,
    /// It is not made, and the whole program ends on the spot, as by `kill -9`.
    Killed,
    /// It is not made; the program is told this error.
    Refused(Errno),
    /// It is made, with half of its bytes.
    Halved,
}

/// How a traced command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    /// The exit code; `None` when a signal ended it.
    pub(crate) code: Option<i32>,
    /// Standard error.
    pub(crate) stderr: String,
}

/// Runs a command, and asks `decide` at the start of each system call and `after` at its end.
///
/// The command waits in a shell until the tracer holds it, so that not one call is missed. Blocks; all of it is done by one
/// thread, since the kernel lets only that one speak to what it traces.
pub(crate) fn run(
    command: &Command,
    decide: impl FnMut(&Call) -> Fate,
    after: impl FnMut(&Call),
) -> Result<Ended, String> {
    let mut waiting = Command::new("/bin/sh");
    waiting.args(["-c", "read go; exec \"$@\" </dev/null", "sh"]).arg(command.get_program());
    waiting.args(command.get_args()).env_clear();
    waiting.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut child = waiting
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| error.to_string())?;
    let (stdout, stderr) = (collect(child.stdout.take()), collect(child.stderr.take()));
    let watch = Watch::over(&child);
    let code = Trace::of(&mut child, decide, after)?.follow();
    if watch.ends() {
        return Err(format!("{command:?} had not ended after {DEADLINE:?}"));
    }
    let [_stdout, stderr] = [stdout, stderr].map(|stream| stream.join().unwrap_or_default());
    Ok(Ended { code: code?, stderr })
}

fn collect(stream: Option<impl Read + Send + 'static>) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = stream.map(|mut stream| stream.read_to_end(&mut bytes));
        String::from_utf8_lossy(&bytes).into_owned()
    })
}

/// Kills a command that hangs, since its tracer waits for it without an end.
struct Watch {
    stop: mpsc::Sender<()>,
    thread: JoinHandle<bool>,
}

impl Watch {
    fn over(child: &Child) -> Self {
        let (stop, stopped) = mpsc::channel();
        let pid = pid_of(child);
        let thread = std::thread::spawn(move || {
            let hangs = stopped.recv_timeout(DEADLINE) == Err(mpsc::RecvTimeoutError::Timeout);
            if hangs {
                let _ = kill(pid, Signal::SIGKILL);
            }
            hangs
        });
        Self { stop, thread }
    }

    /// Ends the watch; `true` where it had to kill.
    fn ends(self) -> bool {
        drop(self.stop);
        self.thread.join().unwrap_or(true)
    }
}

fn pid_of(child: &Child) -> Pid {
    Pid::from_raw(i32::try_from(child.id()).unwrap_or(i32::MAX))
}

struct Trace<D, A> {
    program: Pid,
    go: Option<std::process::ChildStdin>,
    /// Calls begun, by thread, with the error they shall end with.
    begun: HashMap<Pid, (Call, Fate)>,
    /// False while it is still the shell.
    is_itself: bool,
    memory: Option<File>,
    decide: D,
    after: A,
}

impl<D: FnMut(&Call) -> Fate, A: FnMut(&Call)> Trace<D, A> {
    fn of(child: &mut Child, decide: D, after: A) -> Result<Self, String> {
        let program = pid_of(child);
        let options = Options::PTRACE_O_TRACESYSGOOD
            | Options::PTRACE_O_TRACECLONE
            | Options::PTRACE_O_TRACEEXEC
            | Options::PTRACE_O_EXITKILL;
        let held = ptrace::seize(program, options).and_then(|()| ptrace::interrupt(program));
        held.map_err(|error| format!("this system lets no process trace another ({error})"))?;
        let begun = HashMap::new();
        let go = child.stdin.take();
        Ok(Self { program, go, begun, is_itself: false, memory: None, decide, after })
    }

    /// Goes from stop to stop until the program is gone; its exit code.
    fn follow(mut self) -> Result<Option<i32>, String> {
        loop {
            let stop = waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD));
            match stop.map_err(|error| format!("lost the traced program: {error}"))? {
                WaitStatus::Exited(thread, code) if thread == self.program => return Ok(Some(code)),
                WaitStatus::Signaled(thread, ..) if thread == self.program => return Ok(None),
                WaitStatus::PtraceSyscall(thread) => {
                    self.at_a_call(thread);
                    go_on(thread, None);
                }
                WaitStatus::PtraceEvent(thread, _, event) => {
                    self.at_an_event(event)?;
                    go_on(thread, None);
                }
                WaitStatus::Stopped(thread, signal) => go_on(thread, Some(signal)),
                _ => {}
            }
        }
    }

    fn at_an_event(&mut self, event: i32) -> Result<(), String> {
        // The shell's own start may come first.
        if event == Event::PTRACE_EVENT_EXEC as i32 && self.go.is_none() {
            self.is_itself = true;
            let memory = File::open(format!("/proc/{}/mem", self.program));
            self.memory = Some(memory.map_err(|error| format!("the program's memory: {error}"))?);
        }
        // The first stop: the shell is held and may go.
        if let Some(mut go) = self.go.take() {
            go.write_all(b"\n").map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// A thread that is gone meanwhile, with the program, is no error: its end is told by the next stop.
    fn at_a_call(&mut self, thread: Pid) {
        if !self.is_itself {
            return;
        }
        let Ok(information) = ptrace::syscall_info(thread) else { return };
        if information.op == nix::libc::PTRACE_SYSCALL_INFO_ENTRY {
            self.begins(thread);
        } else if let Some((mut call, fate)) = self.begun.remove(&thread) {
            call.at = Instant::now();
            ends(thread, fate);
            (self.after)(&call);
        }
    }

    fn begins(&mut self, thread: Pid) {
        let Ok(mut registers) = ptrace::getregs(thread) else { return };
        let arguments =
            [registers.rdi, registers.rsi, registers.rdx, registers.r10, registers.r8, registers.r9];
        let memory = self.memory.as_ref();
        let text = |address: u64| memory.map(|memory| text_at(memory, address)).unwrap_or_default();
        let call = calls::read(self.program, registers.orig_rax, arguments, text);
        let fate = (self.decide)(&call);
        match fate {
            Fate::Made => {}
            Fate::Killed => {
                let _ = kill(self.program, Signal::SIGKILL);
            }
            // A number no call has: the kernel does nothing.
            Fate::Refused(_) => registers.orig_rax = u64::MAX,
            Fate::Halved => registers.rdx /= 2,
        }
        if matches!(fate, Fate::Refused(_) | Fate::Halved) {
            let _ = ptrace::setregs(thread, registers);
        }
        self.begun.insert(thread, (call, fate));
    }
}

fn ends(thread: Pid, fate: Fate) {
    if let (Fate::Refused(error), Ok(mut registers)) = (fate, ptrace::getregs(thread)) {
        registers.rax = (-i64::from(error as i32)).cast_unsigned();
        let _ = ptrace::setregs(thread, registers);
    }
}

fn go_on(thread: Pid, signal: Option<Signal>) {
    // Gone meanwhile: the next stop says so.
    let _ = ptrace::syscall(thread, signal);
}

fn text_at(memory: &File, address: u64) -> PathBuf {
    let mut bytes = vec![0; 4096];
    let read = memory.read_at(&mut bytes, address).unwrap_or(0);
    let text = bytes[..read].split(|byte| *byte == 0).next().unwrap_or_default();
    String::from_utf8_lossy(text).into_owned().into()
}
