//! Time, power, chance and signatures of this machine.

use std::time::Duration;

use async_trait::async_trait;
use keyfob_core::grant::client_assertion::KeyKind;
use keyfob_core::moment::Moment;
use keyfob_core::secret::{PrivateKey, SecretText};

/// Time. Tests move it by hand.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Both clocks now.
    fn now(&self) -> Moment;
    /// Sleeps; may oversleep when the machine does.
    async fn sleep(&self, duration: Duration);
    /// Sleeps for at most `longest`, for what is looked at now and then: naps that end together wake the machine once.
    async fn nap(&self, longest: Duration) {
        self.sleep(longest).await;
    }
}

/// Sleep, wake and the network, as far as this machine tells.
#[async_trait]
pub trait PowerEvents: Send + Sync {
    /// The next event; waits for ever where the machine tells nothing. One listener at a time.
    async fn next(&self) -> PowerEvent;
}

/// What a machine tells about its power and its network.
pub enum PowerEvent {
    /// It goes to sleep as soon as the delay is dropped, or its patience (seconds) is at its end.
    SleepSoon(SleepDelay),
    /// It has woken.
    Woke,
    /// A network may have come up.
    NetworkUp,
}

/// Keeps the machine awake a little longer; dropping it lets it sleep.
pub struct SleepDelay(#[expect(dead_code, reason = "held until dropped, never read")] Box<dyn Send>);

impl SleepDelay {
    /// `lock` is whatever keeps the machine awake until it is dropped.
    pub fn new(lock: impl Send + 'static) -> Self {
        Self(Box::new(lock))
    }
}

/// Randomness of the operating system.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`.
    fn fill(&self, bytes: &mut [u8]);
}

/// Signs with a client's private key (RFC 7523). Errors are words for the key's owner; they quote nothing of it.
pub trait AssertionSigner: Send + Sync {
    /// What kind of key it is; an error for one that could never sign.
    fn kind(&self, key: &PrivateKey) -> Result<KeyKind, String>;
    /// The signature over `input` (RFC 7515 §5.1), in the form that RFC 7518 wants.
    fn sign(&self, key: &PrivateKey, input: &SecretText) -> Result<Vec<u8>, String>;
}
