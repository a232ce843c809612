//! Compiles the protos without protoc.
//!
//! Two passes: the first makes every message, client and server; the second makes two servers once more, with types of ours in the place
//! of some messages: `SubscribeResponse` copies bytes encoded once for all subscribers, and the requests that carry notifications keep
//! the bytes that came.

use std::{env, error::Error, fs, path::PathBuf};

use prost::Message as _;

const PROTOS: [&str; 5] = [
    "bellwether/v1/notification_service.proto",
    "bellwether/v1/alert_service.proto",
    "bellwether/v1/rule_service.proto",
    "bellwether/v1/meeting_service.proto",
    "bellwether/v1/silence_service.proto",
];

/// Those with servers that pass bytes.
const ENCODED: [&str; 2] = [
    "bellwether/v1/notification_service.proto",
    "bellwether/v1/alert_service.proto",
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

    let mut servers = descriptors;
    servers.file.retain(|file| ENCODED.contains(&file.name()));
    let encoded = out.join("encoded");
    fs::create_dir_all(&encoded)?;
    tonic_prost_build::configure()
        .build_client(false)
        .codec_path("crate::grpc::codec::StrictCodec")
        .extern_path(".google.rpc.Status", "::tonic_types::Status")
        .extern_path(".bellwether.v1", "crate::api")
        .extern_path(
            ".bellwether.v1.SubscribeResponse",
            "crate::grpc::encoded::EncodedResponse",
        )
        .extern_path(".bellwether.v1.NotifyRequest", "crate::grpc::encoded::EncodedRequest")
        .extern_path(
            ".bellwether.v1.BatchNotifyRequest",
            "crate::grpc::encoded::EncodedRequest",
        )
        .extern_path(
            ".bellwether.v1.StreamNotifyRequest",
            "crate::grpc::encoded::EncodedRequest",
        )
        .out_dir(&encoded)
        .compile_fds(servers)?;
    Ok(())
}
