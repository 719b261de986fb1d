use std::{
    io::{self, Read},
    sync::{
        Arc, Mutex,
        mpsc::{self, Receiver},
    },
    thread,
};

/// Largest message that makes sense: a screen in color is 100,800 bytes.
const MESSAGE_LIMIT: usize = 1 << 20;
/// Bytes of a worker's error output that are kept for messages.
const COMPLAINT: usize = 2000;

/// Reads messages in a thread of its own, so that whoever waits for one can stop waiting.
pub(super) fn read_messages(mut pipe: impl Read + Send + 'static) -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        loop {
            let message = read_message(&mut pipe);
            let is_last = message.is_err();
            if sender.send(message).is_err() || is_last {
                return;
            }
        }
    });
    receiver
}

pub(super) fn read_message(pipe: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 4];
    pipe.read_exact(&mut length)?;
    let length = u32::from_le_bytes(length) as usize;
    if length > MESSAGE_LIMIT {
        let problem = format!("a message of {length} bytes is none of a worker for Atari games");
        return Err(io::Error::new(io::ErrorKind::InvalidData, problem));
    }
    let mut message = vec![0; length];
    pipe.read_exact(&mut message)?;
    Ok(message)
}

/// Keeps the end of what comes out of a pipe, and the pipe from filling up.
pub(super) fn listen(mut pipe: impl Read + Send + 'static) -> Arc<Mutex<String>> {
    let kept = Arc::new(Mutex::new(String::new()));
    let heard = Arc::clone(&kept);
    thread::spawn(move || {
        let (mut end, mut buffer) = (Vec::new(), [0; 512]);
        while let Ok(count @ 1..) = pipe.read(&mut buffer) {
            end.extend_from_slice(&buffer[..count]);
            end.drain(..end.len().saturating_sub(COMPLAINT));
            if let Ok(mut kept) = heard.lock() {
                *kept = String::from_utf8_lossy(&end).into_owned();
            }
        }
    });
    kept
}
