use axum::{
    http::header,
    response::{Html, IntoResponse},
};

pub(super) async fn index() -> impl IntoResponse {
    Html(include_str!("page/page.html"))
}

pub(super) async fn script() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/javascript; charset=utf-8")];
    (headers, include_str!("page/page.js"))
}

pub(super) async fn style() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8")];
    (headers, include_str!("page/page.css"))
}

pub(super) async fn icon() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "image/svg+xml")];
    (headers, include_str!("page/icon.svg"))
}
