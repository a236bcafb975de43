//! usage: service PORT; see sdks_test.py for what the handlers are for

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::Service;
use hyper_util::rt::{TokioExecutor, TokioIo};
use restate_sdk::hyper::HyperEndpoint;
use restate_sdk::prelude::*;

struct Counter;

#[object]
impl Counter {
    #[handler]
    async fn add(&self, ctx: ObjectContext<'_>, amount: u64) -> Result<u64, TerminalError> {
        let value = ctx.get::<u64>("value").await?.unwrap_or(0) + amount;
        ctx.set("value", value);
        Ok(value)
    }

    #[handler]
    async fn get(&self, ctx: SharedObjectContext<'_>) -> Result<u64, TerminalError> {
        Ok(ctx.get::<u64>("value").await?.unwrap_or(0))
    }

    #[handler]
    async fn remember(&self, ctx: ObjectContext<'_>, id: String) -> Result<(), TerminalError> {
        ctx.set("awakeable", id);
        Ok(())
    }

    #[handler]
    async fn remembered(&self, ctx: SharedObjectContext<'_>) -> Result<String, TerminalError> {
        Ok(ctx.get::<String>("awakeable").await?.unwrap_or_default())
    }

    #[handler]
    async fn resolve(
        &self,
        ctx: SharedObjectContext<'_>,
        value: String,
    ) -> Result<(), TerminalError> {
        let id = ctx.get::<String>("awakeable").await?.unwrap_or_default();
        ctx.resolve_awakeable(&id, value);
        Ok(())
    }
}

#[derive(Default)]
struct Tour {
    /// How often `sleep` was entered, replays included.
    entered: AtomicU64,
    /// How often its step was executed.
    steps: AtomicU64,
}

#[service]
impl Tour {
    #[handler]
    async fn run(&self, ctx: Context<'_>, count: u64) -> Result<u64, TerminalError> {
        let mut sum = 0;
        for i in 0..count {
            sum += ctx
                .run(move || async move { Ok(i) })
                .name(format!("step {i}"))
                .await?;
        }
        Ok(sum)
    }

    #[handler]
    async fn call(&self, ctx: Context<'_>, key: String) -> Result<u64, TerminalError> {
        ctx.object_client::<CounterClient>(key.clone())
            .add(2)
            .call()
            .await?;
        ctx.object_client::<CounterClient>(key).add(3).call().await
    }

    #[handler]
    async fn sleep(&self, ctx: Context<'_>, ms: u64) -> Result<Json<[u64; 3]>, TerminalError> {
        self.entered.fetch_add(1, SeqCst);
        let first = ctx
            .run(|| async {
                self.steps.fetch_add(1, SeqCst);
                Ok(self.entered.load(SeqCst))
            })
            .name("first")
            .await?;
        ctx.sleep(Duration::from_millis(ms)).await?;
        Ok(Json([
            first,
            self.entered.load(SeqCst),
            self.steps.load(SeqCst),
        ]))
    }

    #[handler]
    async fn awakeable(&self, ctx: Context<'_>, key: String) -> Result<String, TerminalError> {
        let (id, promise) = ctx.awakeable::<String>();
        ctx.object_client::<CounterClient>(key)
            .remember(id)
            .call()
            .await?;
        promise.await
    }
}

/// Prints the path and the content type of each request.
#[derive(Clone)]
struct Noting(HyperEndpoint);

impl Service<Request<Incoming>> for Noting {
    type Response = <HyperEndpoint as Service<Request<Incoming>>>::Response;
    type Error = <HyperEndpoint as Service<Request<Incoming>>>::Error;
    type Future = <HyperEndpoint as Service<Request<Incoming>>>::Future;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        println!(
            "{} {:?}",
            request.uri().path(),
            request.headers().get("content-type")
        );
        self.0.call(request)
    }
}

#[tokio::main]
async fn main() {
    let port: u16 = std::env::args()
        .nth(1)
        .expect("a port")
        .parse()
        .expect("a number");
    let endpoint = Endpoint::builder()
        .bind(Counter)
        .bind(Tour::default())
        .build();
    let service = Noting(HyperEndpoint::new(endpoint));
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .expect("a free port");
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let service = service.clone();
        tokio::spawn(async move {
            let connection = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                println!("connection: {error:?}");
            }
        });
    }
}
