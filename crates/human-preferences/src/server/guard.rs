use std::sync::Arc;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use subtle::ConstantTimeEq;

use super::Shared;

/// Header in which the page sends the token.
const TOKEN_HEADER: &str = "x-session-token";

/// What the page may load: itself, and pictures that it made of what it fetched.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; \
                              connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Refuses requests that do not name this machine (another site may have pointed its name here), and adds what tells the
/// browser to be strict.
pub(super) async fn same_machine(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut response = if names_this_machine(request.headers(), shared.port) {
        next.run(request).await
    } else {
        (StatusCode::FORBIDDEN, "this page is for this machine alone\n").into_response()
    };
    let headers = response.headers_mut();
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    // What says itself how long it holds keeps that.
    headers
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    response
}

fn names_this_machine(headers: &HeaderMap, port: u16) -> bool {
    let Some(host) = headers.get(header::HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    let names = ["127.0.0.1", "localhost", "[::1]"];
    names.iter().any(|name| {
        host.strip_prefix(name)
            .is_some_and(|rest| rest == format!(":{port}") || (rest.is_empty() && port == 80))
    })
}

/// Refuses requests without the session's token, in a header or in the address.
pub(super) async fn token(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let header = request.headers().get(TOKEN_HEADER).map(HeaderValue::as_bytes);
    let given = header.or_else(|| in_query(request.uri()).map(str::as_bytes));
    let is_right = given.is_some_and(|given| bool::from(given.ct_eq(shared.token.as_bytes())));
    if is_right {
        next.run(request).await
    } else {
        let text = "the address lacks this session's token: open the one that the terminal shows\n";
        (StatusCode::FORBIDDEN, text).into_response()
    }
}

fn in_query(uri: &Uri) -> Option<&str> {
    uri.query()?.split('&').find_map(|pair| pair.strip_prefix("token="))
}
