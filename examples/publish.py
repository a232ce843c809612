#!/usr/bin/env python3
"""Sends notifications, one a line: the vendor's type and text, such as
conf {billingCode = '33333' , status = '1'}

    pip install grpcio grpcio-reflection
    python publish.py [HOST:PORT] < notifications.txt

Nothing is generated: the server describes its API. Each notification has an id of its own, so that one whose fate is unknown can be sent again:
it is applied once.
"""

import random
import sys
import time
import uuid

import grpc
from google.protobuf import descriptor_pool, message_factory
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

SERVER = sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:7400"
TRY_AGAIN = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}
DEADLINE = 10  # seconds a call


def method(channel, service, name):
    """The request's class and the call of a method, as the server describes them."""
    pool = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    described = pool.FindServiceByName(service).FindMethodByName(name)
    request = message_factory.GetMessageClass(described.input_type)
    response = message_factory.GetMessageClass(described.output_type)
    call = channel.unary_unary(
        f"/{service}/{name}",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    return request, call


def may_try_again(error):
    """Whether the same request may be taken later. A full queue says when (RetryInfo), a message that is too large does not."""
    details = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin", b"")
    return error.code() in TRY_AGAIN or b"google.rpc.RetryInfo" in details


def send(call, request):
    """Sends until the notification is durable or refused for good."""
    pause = 0.1
    while True:
        try:
            return call(request, timeout=DEADLINE)
        except grpc.RpcError as error:
            if not may_try_again(error):
                raise
            time.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(pause * 2, 10)


def main():
    run = uuid.uuid4().hex
    refused = 0
    with grpc.insecure_channel(SERVER) as channel:
        request, call = method(channel, "bellwether.v1.NotificationService", "Notify")
        for number, line in enumerate(sys.stdin, start=1):
            kind, _, body = line.strip().partition(" ")
            if not kind:
                continue
            notification = {"id": f"{run}-{number}", "raw": {"type": kind, "body": body}}
            try:
                answer = send(call, request(notification=notification))
                print(f"{number}: accepted as {answer.sequence}")
            except grpc.RpcError as error:
                refused += 1
                print(f"{number}: {error.code().name}: {error.details()}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
