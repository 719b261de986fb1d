use std::sync::Arc;

use axum::{
    Json, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, Query, State},
    http::{StatusCode, header},
    middleware,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::json;

use super::{Shared, guard, lock, now, page};
use crate::{
    answer::Answer,
    labels::{NewAnswer, Offer, Stats, StoreError},
};

/// Largest body of a request, in bytes.
const LARGEST_BODY: usize = 4096;
/// Pairs that a page may hold in advance.
const MOST_HELD: usize = 16;
/// Digits of a clip's name.
const DIGEST_DIGITS: usize = 64;

type SharedState = State<Arc<Shared>>;

pub(super) fn app(shared: Arc<Shared>) -> Router {
    let guarded = Router::new()
        .route("/", get(page::index))
        .route("/api/next", get(next))
        .route("/api/pairs/{pair}/answer", post(answer))
        .route("/api/renew", post(renew))
        .route("/api/undo", post(undo))
        .route("/api/stats", get(stats))
        .route("/export.jsonl", get(export))
        .route("/clip/{digest}", get(film))
        .route("/clip/{digest}/sheet", get(sheet))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::token));
    Router::new()
        .route("/page.js", get(page::script))
        .route("/page.css", get(page::style))
        .route("/icon.svg", get(page::icon))
        .merge(guarded)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(middleware::from_fn_with_state(Arc::clone(&shared), guard::same_machine))
        .with_state(shared)
}

#[derive(Deserialize)]
struct NextQuery {
    labeller: String,
    /// Pairs that the page holds already, comma separated.
    #[serde(default)]
    held: String,
}

/// The next pair, or 204 where there is none yet.
async fn next(State(shared): SharedState, Query(query): Query<NextQuery>) -> Result<Response, Refusal> {
    let held: Vec<i64> = query
        .held
        .split(',')
        .filter(|number| !number.is_empty())
        .map(str::parse)
        .collect::<Result<_, _>>()
        .map_err(|_| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "`held` must be numbers of pairs"))?;
    check_held(&held)?;
    let offer = lock(&shared.store).next_pair(&query.labeller, &held, now())?;
    Ok(match offer {
        Some(offer) => Json(offer).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

fn check_held(held: &[i64]) -> Result<(), Refusal> {
    if held.len() > MOST_HELD {
        return Err(Refusal::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "too many pairs are held",
        ));
    }
    Ok(())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RenewBody {
    labeller: String,
    /// Pairs that the page holds.
    pairs: Vec<i64>,
}

/// Keeps the pairs that a page holds from others for another while; says which ones it could.
async fn renew(State(shared): SharedState, body: Bytes) -> Result<Json<serde_json::Value>, Refusal> {
    let body: RenewBody = parse(&body)?;
    check_held(&body.pairs)?;
    let renewed = lock(&shared.store).renew(&body.labeller, &body.pairs, now())?;
    Ok(Json(json!({ "pairs": renewed })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnswerBody {
    answer: Answer,
    client_id: String,
    labeller: String,
    #[serde(default)]
    latency_ms: u32,
}

/// 200 only after the answer is on the disk.
async fn answer(
    State(shared): SharedState,
    Path(pair): Path<String>,
    body: Bytes,
) -> Result<Json<serde_json::Value>, Refusal> {
    let pair: i64 = pair
        .parse()
        .map_err(|_| Refusal::new(StatusCode::NOT_FOUND, "there is no such pair"))?;
    let body: AnswerBody = parse(&body)?;
    let id = lock(&shared.store).answer(
        &NewAnswer {
            pair,
            client_id: &body.client_id,
            answer: body.answer,
            labeller: &body.labeller,
            latency: body.latency_ms,
            source: "page",
        },
        now(),
    )?;
    Ok(Json(json!({ "id": id })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UndoBody {
    labeller: String,
}

/// Takes the labeller's latest answer back, and gives its pair again.
async fn undo(State(shared): SharedState, body: Bytes) -> Result<Response, Refusal> {
    let body: UndoBody = parse(&body)?;
    let mut store = lock(&shared.store);
    let offer: Option<Offer> = match store.undo(&body.labeller, now())? {
        Some(pair) => store.pair(pair)?,
        None => None,
    };
    Ok(match offer {
        Some(offer) => Json(offer).into_response(),
        None => StatusCode::NO_CONTENT.into_response(),
    })
}

#[derive(Serialize)]
struct StatsBody<'a> {
    #[serde(flatten)]
    stats: Stats,
    planned: Option<u64>,
    task: &'a str,
    instructions: &'a str,
    is_pixelated: bool,
    waiting_for: String,
    is_finished: bool,
}

async fn stats(State(shared): SharedState) -> Result<Response, Refusal> {
    let stats = lock(&shared.store).stats(now())?;
    let status = lock(&shared.status).clone();
    let body = StatsBody {
        stats,
        planned: shared.options.planned,
        task: &shared.options.task,
        instructions: &shared.options.instructions,
        is_pixelated: shared.options.is_pixelated,
        waiting_for: status.waiting_for,
        is_finished: status.is_finished,
    };
    Ok(Json(body).into_response())
}

async fn export(State(shared): SharedState) -> Result<Response, Refusal> {
    let mut lines = Vec::new();
    lock(&shared.store).export(&mut lines)?;
    let headers = [
        (header::CONTENT_TYPE, "application/x-ndjson"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"answers.jsonl\""),
    ];
    Ok((headers, lines).into_response())
}

async fn film(State(shared): SharedState, Path(digest): Path<String>) -> Result<Response, Refusal> {
    picture(&digest, || lock(&shared.store).film(&digest))
}

async fn sheet(State(shared): SharedState, Path(digest): Path<String>) -> Result<Response, Refusal> {
    picture(&digest, || lock(&shared.store).sheet(&digest))
}

/// A clip never changes under its name, so that the browser may keep it.
fn picture(digest: &str, find: impl Fn() -> Result<Option<Vec<u8>>, StoreError>) -> Result<Response, Refusal> {
    let is_digest = digest.len() == DIGEST_DIGITS && digest.bytes().all(|byte| byte.is_ascii_hexdigit());
    let found = if is_digest { find()? } else { None };
    let bytes = found.ok_or_else(|| Refusal::new(StatusCode::NOT_FOUND, "there is no such clip"))?;
    let headers = [
        (header::CONTENT_TYPE, "image/png"),
        (header::CACHE_CONTROL, "private, max-age=86400, immutable"),
    ];
    Ok((headers, bytes).into_response())
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.to_string()))
}

/// A request that is not answered, and why.
struct Refusal {
    status: StatusCode,
    problem: String,
}

impl Refusal {
    fn new(status: StatusCode, problem: impl Into<String>) -> Self {
        Self {
            status,
            problem: problem.into(),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let status = match error {
            StoreError::UnknownPair(_) => StatusCode::NOT_FOUND,
            StoreError::AlreadyAnswered(_) => StatusCode::CONFLICT,
            StoreError::Name { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            _ => {
                log::warn!("the label page: {error}");
                StatusCode::INTERNAL_SERVER_ERROR
            }
        };
        Self::new(status, error.to_string())
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status, Json(json!({ "error": self.problem }))).into_response()
    }
}
