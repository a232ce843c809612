//! Compiles the protos without protoc.
//!
//! Two passes: the first makes every message, client and server; the second makes the server of `AlertService` once more, with
//! `SubscribeResponse` replaced by a type of ours that copies bytes encoded once for all subscribers.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;

const PROTOS: [&str; 4] = [
    "bellwether/v1/notification_service.proto",
    "bellwether/v1/alert_service.proto",
    "bellwether/v1/rule_service.proto",
    "bellwether/v1/meeting_service.proto",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo:rerun-if-changed=proto");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    let descriptors = protox::compile(PROTOS, ["proto"])?;
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;

    tonic_prost_build::configure()
        .btree_map(".")
        .codec_path("crate::grpc::codec::StrictCodec")
        .extern_path(".google.rpc.Status", "::tonic_types::Status")
        .out_dir(&out)
        .compile_fds(descriptors.clone())?;

    let mut alerts = descriptors;
    alerts
        .file
        .retain(|file| file.name() == "bellwether/v1/alert_service.proto");
    let encoded = out.join("encoded");
    fs::create_dir_all(&encoded)?;
    tonic_prost_build::configure()
        .build_client(false)
        .codec_path("crate::grpc::codec::StrictCodec")
        .extern_path(".bellwether.v1", "crate::api")
        .extern_path(
            ".bellwether.v1.SubscribeResponse",
            "crate::grpc::encoded::EncodedResponse",
        )
        .out_dir(&encoded)
        .compile_fds(alerts)?;
    Ok(())
}
