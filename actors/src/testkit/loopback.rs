//! A server on this machine that says what a test wants a provider to hear.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

/// A request that was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Its path.
    pub path: String,
    /// Its headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its body.
    pub body: String,
}

impl Heard {
    /// The body as JSON, null if it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_default()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// What is said to a request: these bytes, and then the end, or silence.
#[derive(Clone, Debug)]
pub struct Say {
    bytes: Vec<u8>,
    holds: bool,
}

impl Say {
    /// A whole answer with this status and body.
    pub fn new(status: u16, body: &str) -> Self {
        Self::with(status, &[], body)
    }

    /// The same with more headers.
    pub fn with(status: u16, headers: &[(&str, &str)], body: &str) -> Self {
        let line = |(name, value): &(&str, &str)| format!("{name}: {value}\r\n");
        let more = headers.iter().map(line).collect::<Vec<_>>().concat();
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status} Said\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n{more}\r\n"
        );
        Self { bytes: [head.as_bytes(), body.as_bytes()].concat(), holds: false }
    }

    /// A whole answer that does not say how long it is: its end is the connection's.
    pub fn unmeasured(status: u16, body: &str) -> Self {
        let head = format!("HTTP/1.1 {status} Said\r\nconnection: close\r\n\r\n");
        Self { bytes: [head.as_bytes(), body.as_bytes()].concat(), holds: false }
    }

    /// The same without its last bytes, and then the end.
    pub fn cut(mut self, bytes: usize) -> Self {
        self.bytes.truncate(self.bytes.len().saturating_sub(bytes));
        self
    }

    /// The same, and then silence in place of the end.
    pub const fn held(mut self) -> Self {
        self.holds = true;
        self
    }
}

/// A server on this machine; it ends when it is dropped.
pub struct Loopback {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Shared {
    heard: Mutex<Vec<Heard>>,
    open: Mutex<Vec<TcpStream>>,
    ended: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Loopback {
    /// A server that answers every request as this function says.
    ///
    /// # Panics
    /// If the machine gives no port.
    pub fn start(answer: impl Fn(&Heard) -> Say + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let address = listener.local_addr().expect("an address");
        let shared = Arc::new(Shared::default());
        let (ours, answer) = (Arc::clone(&shared), Arc::new(answer));
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if ours.ended.load(Ordering::SeqCst) {
                    break;
                }
                let (ours, answer) = (Arc::clone(&ours), Arc::clone(&answer));
                // Its thread ends with its connection, which ends with the server at the latest.
                std::thread::spawn(move || {
                    // A client that goes away is what some tests are about.
                    let _ = serve(stream, &ours, answer.as_ref());
                });
            }
        });
        Self { address, shared, thread: Some(thread) }
    }

    /// Its base URL, without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request heard so far, in order.
    pub fn heard(&self) -> Vec<Heard> {
        lock(&self.shared.heard).clone()
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        for stream in lock(&self.shared.open).drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        // Wakes the thread that waits for the next connection.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn serve(
    mut stream: TcpStream,
    shared: &Shared,
    answer: &(dyn Fn(&Heard) -> Say + Send + Sync),
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let path = line.split_whitespace().nth(1).unwrap_or("").to_owned();
    let (mut headers, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim().split_once(':') else { break };
        let (name, value) = (name.to_ascii_lowercase(), value.trim().to_owned());
        if name == "content-length" {
            length = value.parse().unwrap_or(0);
        }
        headers.push((name, value));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let heard = Heard { path, headers, body: String::from_utf8_lossy(&body).into_owned() };
    lock(&shared.heard).push(heard.clone());
    let Say { bytes, holds } = answer(&heard);
    if holds {
        lock(&shared.open).push(stream.try_clone()?);
    }
    stream.write_all(&bytes)?;
    if holds {
        // Until the client goes away or the server ends.
        let _ = reader.read(&mut [0]);
    }
    stream.shutdown(Shutdown::Both)
}
