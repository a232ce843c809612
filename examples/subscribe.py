#!/usr/bin/env python3
"""Prints alerts as they happen, and goes on after the last one whenever it or the server was stopped.

    pip install grpcio grpcio-reflection
    python subscribe.py CURSOR_FILE [HOST:PORT] [FILTER]

Without a cursor it begins with the alerts that are open. The cursor is kept after an event has been dealt with, so that a crash in between repeats
that event and never skips it.
"""

import os
import random
import sys
import time

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVICE = "bellwether.v1.AlertService"
CURSOR_FILE = sys.argv[1] if len(sys.argv) > 1 else sys.exit(__doc__)
SERVER = sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1:7400"
FILTER = sys.argv[3] if len(sys.argv) > 3 else ""
# What followed the cursor is no longer kept, or the server's history was set back.
BEGIN_ANEW = {grpc.StatusCode.OUT_OF_RANGE, grpc.StatusCode.DATA_LOSS}
GIVE_UP = {grpc.StatusCode.INVALID_ARGUMENT, grpc.StatusCode.UNIMPLEMENTED}


def read_cursor():
    try:
        with open(CURSOR_FILE, encoding="ascii") as file:
            return file.read()
    except FileNotFoundError:
        return ""


def keep_cursor(cursor):
    """Whole or not at all."""
    with open(CURSOR_FILE + ".part", "w", encoding="ascii") as file:
        file.write(cursor)
        file.flush()
        os.fsync(file.fileno())
    os.replace(CURSOR_FILE + ".part", CURSOR_FILE)


def deal_with(event):
    kind = type(event).Type.Name(event.type).removeprefix("TYPE_").lower()
    key = ",".join(f'{name}="{value}"' for name, value in sorted(event.alert.key.items()))
    print(f"{event.occurred_at.ToJsonString()} {kind} {event.alert.rule}{{{key}}} {event.alert.summary}", flush=True)


def follow(channel):
    pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    described = pool.FindServiceByName(SERVICE).FindMethodByName("Subscribe")
    request = message_factory.GetMessageClass(described.input_type)
    response = message_factory.GetMessageClass(described.output_type)
    subscribe = channel.unary_stream(
        f"/{SERVICE}/Subscribe",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    cursor = read_cursor()
    start = {"after_cursor": cursor} if cursor else {"snapshot": True}
    for message in subscribe(request(filter=FILTER, **start)):
        if message.HasField("event"):
            deal_with(message.event)
        if message.cursor:
            keep_cursor(message.cursor)


def main():
    pause = 0.1
    while True:
        began = time.monotonic()
        try:
            with grpc.insecure_channel(SERVER) as channel:
                follow(channel)
        except grpc.RpcError as error:
            print(f"{error.code().name}: {error.details()}", file=sys.stderr)
            if error.code() in GIVE_UP:
                return 1
            if error.code() in BEGIN_ANEW:
                keep_cursor("")
        if time.monotonic() - began > 10:
            pause = 0.1
        time.sleep(pause * random.uniform(0.5, 1.5))
        pause = min(pause * 2, 10)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        pass
