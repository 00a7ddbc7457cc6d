//! Bounds: time, size, cut bodies, servers that are not there, redirects, and calls called off.

use std::net::TcpListener;
use std::time::Duration;

use convoke_events::{Clock, FailureClass, SystemClock};

use super::{Loopback, Say, asked, block_on, call, completion, provider, request};
use crate::provider::{Billed, Cancel, Deltas, Retry};

const ALL: [&str; 3] = ["openai", "openrouter", "gemini"];

#[test]
fn a_server_that_is_not_there_is_asked_again_later_and_costs_nothing() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    for name in ALL {
        let failure = call(request(name, &format!("http://127.0.0.1:{port}"))).unwrap_err();
        assert_eq!((failure.class, failure.billed), (FailureClass::Unavailable, Billed::No));
        assert_eq!(failure.retry, Retry::After(Duration::ZERO));
        assert!(failure.message.starts_with("127.0.0.1 cannot be reached: "), "{failure}");
    }
}

#[test]
fn a_body_that_breaks_off_may_have_been_billed() {
    for name in ALL {
        let say = Say::new(200, &completion("x").to_string()).cut(20);
        let failure = asked(name, say).0.unwrap_err();
        assert_eq!((failure.class, failure.billed), (FailureClass::Unavailable, Billed::Unknown));
    }
}

#[test]
fn a_body_beyond_its_bound_is_not_read_to_its_end() {
    let long = " ".repeat(4 * 1024 * 1024 + 1);
    let measured = Say::new(200, &long);
    // It only claims to be long: nothing of it is waited for.
    let claims = Say::with(200, &[], &long).cut(long.len()).held();
    for say in [measured, claims, Say::unmeasured(200, &long)] {
        let failure = asked("openai", say).0.unwrap_err();
        assert_eq!((failure.class, failure.retry), (FailureClass::Malformed, Retry::Never));
        assert!(failure.message.contains("is longer than 4194304 bytes"), "{failure}");
    }
}

#[test]
fn a_body_that_never_ends_is_given_up_at_the_deadline() {
    for name in ALL {
        let say = Say::new(200, &completion("x").to_string()).cut(20).held();
        let server = Loopback::start(move |_| say.clone());
        let mut request = request(name, &server.url());
        request.deadline = SystemClock::start().now().plus(Duration::from_millis(300));
        let failure = call(request).unwrap_err();
        let found = (failure.class, failure.retry, failure.billed);
        assert_eq!(found, (FailureClass::Timeout, Retry::Never, Billed::Unknown));
    }
}

#[test]
fn past_its_deadline_nothing_is_sent() {
    let server = Loopback::start(|_| Say::new(200, "{}"));
    let mut request = request("openai", &server.url());
    request.deadline = SystemClock::start().now();
    let failure = call(request).unwrap_err();
    assert_eq!((failure.class, failure.billed), (FailureClass::Timeout, Billed::No));
    assert!(server.heard().is_empty());
}

#[test]
fn a_call_that_is_called_off_ends_at_once() {
    let (arrived, arrival) = std::sync::mpsc::channel();
    let server = Loopback::start(move |_| {
        let _ = arrived.send(());
        Say::new(200, "").cut(usize::MAX).held()
    });
    let (switch, cancel) = Cancel::pair();
    let request = request("openai", &server.url());
    let asking = std::thread::spawn(move || {
        block_on(provider("openai").call(request, Deltas::none(), cancel)).map_err(Box::new)
    });
    arrival.recv().unwrap();
    switch.cancel();
    let failure = asking.join().unwrap().unwrap_err();
    assert_eq!((failure.class, failure.billed), (FailureClass::Cancelled, Billed::Unknown));
}

#[test]
fn a_call_that_was_called_off_before_is_not_sent() {
    let server = Loopback::start(|_| Say::new(200, "{}"));
    let (switch, cancel) = Cancel::pair();
    switch.cancel();
    let request = request("openai", &server.url());
    let call = provider("openai").call(request, Deltas::none(), cancel);
    let failure = block_on(call).unwrap_err();
    assert_eq!((failure.class, failure.billed), (FailureClass::Cancelled, Billed::No));
    assert!(server.heard().is_empty());
}

#[test]
fn a_redirect_is_not_followed() {
    let elsewhere = Loopback::start(|_| Say::new(200, &completion("x").to_string()));
    for status in [301, 302, 303, 307, 308] {
        for name in ALL {
            let location = format!("{}/chat/completions", elsewhere.url());
            let say = Say::with(status, &[("location", &location)], "");
            let failure = asked(name, say).0.unwrap_err();
            let found = (failure.class, failure.retry, failure.billed);
            assert_eq!(found, (FailureClass::InvalidRequest, Retry::Never, Billed::No));
            assert!(!failure.message.contains(&elsewhere.url()), "{failure}");
        }
    }
    assert!(elsewhere.heard().is_empty(), "it was followed");
}
