//! A hub's actor that panics begins anew from its log: calls that are out stay out, and what it was
//! asked is told to be unknown.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use convoke_events::{Clock, Conclusion, Log, ProviderName, Query, SystemClock, TaskOutcome};

use crate::authority::LocalOwner;
use crate::command::{Answer, Caller, Command, CommandError, Order, TaskSubmission};
use crate::driver::{Federation, Setup};
use crate::testkit::{Gate, hub, orders, submission};

/// A clock that panics over the next look at it when it was told to.
#[derive(Debug)]
struct Trap {
    clock: SystemClock,
    set: AtomicBool,
}

impl Clock for Trap {
    fn now(&self) -> convoke_events::Timestamp {
        assert!(!self.set.swap(false, Ordering::SeqCst), "somebody stepped on it");
        self.clock.now()
    }
}

fn order(command: Command) -> Order {
    Order::new(Caller::Person("ada".to_owned()), command)
}

#[test]
fn a_hub_that_panics_is_back_with_its_calls_still_out_and_none_of_them_made_again() {
    let log = Log::in_memory();
    let trap = Arc::new(Trap { clock: SystemClock::start(), set: AtomicBool::new(false) });
    // It opens to the second call: the first one is out until then.
    let ignore = r#"{"recommendation":"ignore","body":"b","confidence":1,"assumptions":[]}"#;
    let gate = Arc::new(Gate::new(2, ignore));
    let mut arrived = gate.arrived();
    let clock: Arc<dyn Clock> = Arc::<Trap>::clone(&trap);
    let mut setup = Setup { authority: Arc::new(LocalOwner), clock, ..Setup::default() };
    setup.providers.insert(ProviderName::Rules, gate);
    let federation = Federation::start(log.clone(), setup).unwrap();
    let host = tokio::runtime::Builder::new_current_thread().build().unwrap();
    host.block_on(async {
        let hub = hub();
        for command in orders() {
            federation.command(&hub, order(command)).await.unwrap();
        }
        let submit = |name: &str| order(Command::SubmitTask(submission(name, "A crash")));
        federation.command(&hub, submit("a")).await.unwrap();
        arrived.wait_for(|arrived| *arrived == 1).await.unwrap();

        trap.set.store(true, Ordering::SeqCst);
        let keyed = submit("b").with_key("b".parse().unwrap());
        let lost = federation.command(&hub, keyed.clone()).await;
        assert!(matches!(lost, Err(CommandError::Unknown { .. })), "{lost:?}");
        let again = federation.command(&hub, keyed).await;
        assert!(matches!(again, Ok(Answer::Done(_))), "{again:?}");
        for name in ["a", "b"] {
            let end = federation.concluded(&hub, TaskSubmission::id(&hub, name)).await.unwrap();
            let expected = (TaskOutcome::Answered, Conclusion::Triaged);
            assert_eq!((end.outcome, end.because), expected, "{name}");
        }
        federation.shutdown().await;
    });
    assert_eq!(*arrived.borrow(), 2, "each was called once");
    let of = |event_type: &str| log.read(Query::event_type(event_type)).count();
    assert_eq!((of("InvocationRecovered"), of("TaskSubmitted")), (0, 2));
}
