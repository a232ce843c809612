//! The transport's own limits, read off the wire and tried from it.

use std::collections::HashMap;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::support::{
    client::conf,
    http2::{GOAWAY, RST_STREAM, SETTINGS, call, connect, frame},
    server::{Server, Site},
    wait::{DEADLINE, soon},
};

const PATH: &str = "/bellwether.v1.NotificationService/StreamNotify";
const MAX_CONCURRENT_STREAMS: u16 = 3;
const MAX_HEADER_LIST_SIZE: u16 = 6;
const CANCEL: u32 = 8;
const ENHANCE_YOUR_CALM: u32 = 11;

#[tokio::test]
async fn the_bounds_of_a_connection_are_announced() {
    let mut site = Site::new();
    site.config.limits.streams_per_connection = 7;
    let server = Server::start(&site).await;
    let (mut reader, _write) = connect(server.address).await;
    let settings = reader.next(SETTINGS).await.unwrap();
    let announced: HashMap<u16, u32> = settings
        .payload
        .chunks(6)
        .map(|setting| {
            let (name, value) = setting.split_at(2);
            let name = u16::from_be_bytes(name.try_into().unwrap());
            (name, u32::from_be_bytes(value.try_into().unwrap()))
        })
        .collect();
    assert_eq!(announced.get(&MAX_CONCURRENT_STREAMS), Some(&7));
    assert_eq!(announced.get(&MAX_HEADER_LIST_SIZE), Some(&8192));
}

/// Sends until the server has had enough; gives the reason.
async fn provoke(server: &Server, provocation: fn(u32) -> Vec<u8>) -> u32 {
    let (mut reader, mut write) = connect(server.address).await;
    let sending = tokio::spawn(async move {
        // Streams of a client are odd.
        for first in (1..200_000).step_by(200) {
            let burst: Vec<u8> = (first..first + 200).step_by(2).flat_map(provocation).collect();
            if write.write_all(&burst).await.is_err() {
                return;
            }
        }
        panic!("the server let 100,000 provocations pass");
    });
    let goaway = reader.next(GOAWAY).await.unwrap();
    drop(reader);
    sending.abort();
    u32::from_be_bytes(goaway.payload[4..8].try_into().unwrap())
}

#[tokio::test]
async fn a_client_that_opens_and_resets_is_sent_away() {
    let server = Server::start(&Site::new()).await;
    let rapid = |stream| {
        [
            call(stream, PATH, &[]),
            frame(RST_STREAM, 0, stream, &CANCEL.to_be_bytes()),
        ]
        .concat()
    };
    assert_eq!(provoke(&server, rapid).await, ENHANCE_YOUR_CALM);
    server.client().await.notify(conf("1", 1)).await.unwrap();
}

#[tokio::test]
async fn a_client_that_forces_resets_is_sent_away() {
    let server = Server::start(&Site::new()).await;
    // A field that HTTP/2 forbids: the server must reset the stream, and none of its streams counts as open.
    let forced = |stream| call(stream, PATH, &[("connection", "close")]);
    assert_eq!(provoke(&server, forced).await, ENHANCE_YOUR_CALM);
    server.client().await.notify(conf("1", 1)).await.unwrap();
}

#[tokio::test]
async fn as_many_connections_as_are_allowed_and_the_next_one_waits() {
    let mut site = Site::new();
    site.config.limits.connections = 1;
    let server = Server::start(&site).await;
    let first = server.client().await;
    first.notify(conf("1", 1)).await.unwrap();
    let (mut reader, _write) = connect(server.address).await;
    let mut waiting = Box::pin(reader.next(SETTINGS));
    // The first connection is served on, and nothing is said on the second, however much is done on the first.
    for _ in 0..20 {
        let served = first.notify(conf("1", 1));
        tokio::select! {
            biased;
            said = &mut waiting => panic!("a connection too many is served: {said:?}"),
            served = served => drop(served.unwrap()),
        }
    }
    drop(first);
    soon(waiting).await.unwrap();
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_said_does_not_hold_up_the_end() {
    let mut site = Site::new();
    // Half of it is for calls under way: longer than this test waits for anything.
    site.config.shutdown_grace = 4 * DEADLINE;
    let server = Server::start(&site).await;
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    // Connections are taken in the order of their coming.
    server.client().await.notify(conf("1", 1)).await.unwrap();
    server.stop().await;
    soon(silent.read_to_end(&mut Vec::new())).await.unwrap();
}
