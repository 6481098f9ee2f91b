//! The `realmgate` binary.

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    realmgate::observe::tracing::install(
        realmgate::observe::tracing::Format::Json,
        tracing::level_filters::LevelFilter::INFO,
    );
    let a: Vec<String> = std::env::args().collect();
    let get = |n: &str| a.iter().position(|x| x == n).map(|i| a[i + 1].clone());
    let s = realmgate::settings::quickstart(
        get("--grpc-address").as_deref(),
        get("--http-address").as_deref(),
    )
    .unwrap();
    let app = realmgate::app::start(&s).unwrap();
    app.shutdown().on_signals().unwrap();
    println!("realmgate: ready grpc={} http={}", app.grpc(), app.http());
    println!("{:?}", app.wait());
}
