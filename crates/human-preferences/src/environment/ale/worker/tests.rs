use super::{pipe::read_message, *};

const HELLO: &str = r#"{"protocol":1,"ale":"0.12.1","actions":6,"height":210,"width":160}"#;

fn message(payload: &[u8]) -> Vec<u8> {
    [&(payload.len() as u32).to_le_bytes(), payload].concat()
}

/// A worker that says hello, and then answers requests as it is told, until it is told nothing.
fn fake(hello: &str, mut answer: impl FnMut(&[u8]) -> Option<Vec<u8>> + Send + 'static) -> Worker {
    let (mut requests, to_worker) = io::pipe().expect("a pipe");
    let (from_worker, mut answers) = io::pipe().expect("a pipe");
    let hello = message(hello.as_bytes());
    thread::spawn(move || {
        answers.write_all(&hello).expect("a reader");
        while let Ok(request) = read_message(&mut requests) {
            let Some(payload) = answer(&request) else { return };
            answers.write_all(&message(&payload)).expect("a reader");
        }
    });
    Worker::over(to_worker, from_worker, Duration::from_millis(200))
}

fn problem(error: EnvironmentError) -> String {
    match error {
        EnvironmentError::Simulator { problem, remedy, .. } => {
            assert!(remedy.contains("pip install ale-py"), "{remedy}");
            problem
        }
        other => panic!("{other}"),
    }
}

fn broken_by(failure: Failure) -> String {
    match failure {
        Failure::Broken(error) => problem(error),
        Failure::Refused(problem) => panic!("only refused: {problem}"),
    }
}

#[test]
fn an_outcome_is_reward_end_and_screen() {
    let mut worker = fake(HELLO, |request| {
        assert_eq!(request, b"A\x03");
        let outcome = [&[0][..], &(-7_i32).to_le_bytes(), &[1], &[9; HEIGHT * WIDTH]];
        Some(outcome.concat())
    });
    worker.greet(6).expect("a fitting worker");
    let played = worker.play(Request::Act(3)).expect("an outcome");
    assert_eq!((played.reward, played.is_over), (-7, true));
    assert_eq!(played.screen, [9; HEIGHT * WIDTH]);
}

#[test]
fn greetings_that_do_not_fit_are_refused() {
    let cases = [
        (r#"{"protocol":2}"#, "version 2"),
        (
            r#"{"protocol":1,"error":"ModuleNotFoundError: ale_py"}"#,
            "ModuleNotFoundError",
        ),
        (&HELLO.replace("0.12.1", "0.9.1"), "0.9.1"),
        (&HELLO.replace("0.12.1", "new"), "new"),
        (&HELLO.replace(":6", ":5"), "Some(5) actions"),
        (&HELLO.replace("210", "250"), "250"),
        ("Python 3", "no greeting"),
    ];
    for (hello, expected) in cases {
        let problem = problem(fake(hello, |_| None).greet(6).expect_err(hello));
        assert!(problem.contains(expected), "{problem}");
    }
}

#[test]
fn a_refusal_leaves_the_worker_alive() {
    let mut is_first = true;
    let mut worker = fake(HELLO, move |_| {
        let answer = if is_first {
            b"\x01ValueError: no".to_vec()
        } else {
            b"\0yes".to_vec()
        };
        is_first = false;
        Some(answer)
    });
    worker.greet(6).expect("a fitting worker");
    let refused = worker.ask(Request::Restore(b"state"));
    assert!(matches!(refused, Err(Failure::Refused(problem)) if problem == "ValueError: no"));
    assert_eq!(worker.ask(Request::State).expect("an answer"), b"yes");
}

#[test]
fn a_worker_that_ends_or_says_nothing_sensible_is_broken() {
    let mut gone = fake(HELLO, |_| None);
    gone.greet(6).expect("a fitting worker");
    assert!(broken_by(gone.ask(Request::State).expect_err("gone")).contains("ended"));
    assert!(broken_by(gone.ask(Request::State).expect_err("still gone")).contains("ended"));
    for answer in [vec![], vec![7], vec![0, 1, 2]] {
        let mut worker = fake(HELLO, move |_| Some(answer.clone()));
        worker.greet(6).expect("a fitting worker");
        broken_by(worker.play(Request::Begin(0)).expect_err("no outcome"));
    }
}

#[test]
fn a_silent_worker_is_given_up_after_the_time_out() {
    let mut worker = fake(HELLO, |_| {
        thread::sleep(Duration::from_secs(2));
        None
    });
    worker.greet(6).expect("a fitting worker");
    assert!(broken_by(worker.ask(Request::Picture).expect_err("too late")).contains("no answer in 0.2"));
}

#[test]
fn a_message_of_absurd_length_is_not_waited_for() {
    let error = read_message(&mut &[255, 255, 255, 255, 0][..]).expect_err("too long");
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
}
