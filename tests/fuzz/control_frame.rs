//! Frames of the control socket, as a program of this user may send them to the keeper, and a false keeper to a program.

use keyfob_agent::control::wire::{
    Asked, Hello, MAX_FRAME, MAX_REQUEST, Request, Response, decode, encode, frame_length, read_frame,
    read_hello, read_request,
};
use keyfob_agent::journeys::hand_out::HandOutRequest;
use keyfob_core::failure::{Failure, StoreProblem, Temporary};
use keyfob_core::identity::ProfileName;

use crate::mutations::survives;

fn examples() -> Vec<Vec<u8>> {
    let profile = || ProfileName::parse("readonly").unwrap();
    let wanted = HandOutRequest { rejected: Some([7; 32]), ..HandOutRequest::default() };
    let requests = [
        Request::HandOut { profile: profile(), wanted },
        Request::HandOut { profile: profile(), wanted: HandOutRequest::default() },
        Request::Snapshot,
        Request::Watch,
        Request::Changed { profile: None },
        Request::ShowWindow,
        Request::StepDown,
    ];
    let failures = [
        Failure::Temporary(Temporary::Busy),
        Failure::StoreUnavailable(StoreProblem::Newer(7)),
        Failure::NoSuchProfile("x".into()),
    ];
    let hello = encode(&Hello::ours()).unwrap().to_vec();
    let asked = requests.iter().map(|request| encode(request).unwrap().to_vec());
    let told = failures.map(|failure| encode(&Response::Failed { failure }).unwrap().to_vec());
    let alone: Vec<Vec<u8>> = asked.chain(told).collect();
    let spoken = alone.iter().map(|frame| [hello.clone(), frame.clone()].concat());
    spoken.chain(alone.iter().cloned()).collect()
}

/// What is understood can be said again, and then means the same.
fn means_the_same<T: serde::Serialize + serde::de::DeserializeOwned>(body: &[u8]) {
    let Ok(message) = decode::<T>(body) else { return };
    let again = encode(&message).expect("a message that was read can be written");
    let once_more = decode::<T>(&again[4..]).expect("what was written can be read");
    assert_eq!(*encode(&once_more).unwrap(), *again);
}

fn announced(prefix: [u8; 4]) -> usize {
    u32::from_be_bytes(prefix) as usize
}

async fn conversation(bytes: &[u8]) {
    let mut stream = bytes;
    let _ = read_hello(&mut stream).await;
    while let Ok(Some(asked)) = read_request(&mut stream).await {
        if let Asked::Unknown(name) = asked {
            assert!(name.chars().count() <= 600, "a name of {} characters", name.len());
        }
    }
    let mut stream = bytes;
    // Room for an answer is made as announced and wiped afterwards; sixteen MiB of it each time would be all this does.
    if bytes.first_chunk().is_some_and(|prefix| announced(*prefix) > MAX_REQUEST) {
        return;
    }
    while let Ok(Some(_)) = read_frame::<_, Response>(&mut stream).await {}
}

/// Fault 49: no frame makes either side panic, and none announces more than its bound.
#[test]
fn no_control_frame_makes_anybody_panic() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let tried = survives(examples(), |bytes| {
        runtime.block_on(conversation(bytes));
        if let Some((prefix, body)) = bytes.split_first_chunk::<4>() {
            for largest in [MAX_REQUEST, MAX_FRAME] {
                assert!(
                    frame_length(*prefix, largest).is_ok_and(|length| length <= largest)
                        || announced(*prefix) > largest
                );
            }
            means_the_same::<Request>(body);
            means_the_same::<Response>(body);
            means_the_same::<Hello>(body);
        }
    });
    assert!(tried > 1_000, "{tried} in the time given");
}
