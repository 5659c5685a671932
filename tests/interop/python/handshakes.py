"""TLS handshakes over the loopback address, judged by Python's ssl module at its strictest.

usage: handshakes.py SERVER-FOLDER ROOTS CRLS [NAME CLIENT-FOLDER ROOTS HOST]...

Prints one line per handshake: what handshakes.rs says.
"""

import os
import socket
import ssl
import sys
import threading

TIME_LIMIT = 10  # seconds


def context(protocol, folder, roots, crls):
    made = ssl.SSLContext(protocol)
    made.minimum_version = ssl.TLSVersion.TLSv1_2
    made.verify_mode = ssl.CERT_REQUIRED
    made.verify_flags |= ssl.VERIFY_X509_STRICT | ssl.VERIFY_CRL_CHECK_CHAIN
    made.load_verify_locations(roots)
    made.load_verify_locations(crls)
    if folder != "-":
        made.load_cert_chain(os.path.join(folder, "fullchain.pem"), os.path.join(folder, "key.pem"))
    return made


def serve_one(listener, server, words):
    connection, _ = listener.accept()
    connection.settimeout(TIME_LIMIT)
    try:
        with server.wrap_socket(connection, server_side=True) as secured:
            if not secured.getpeercert():
                raise ssl.SSLError("no client certificate")
            secured.sendall(b"hello")
    except OSError as error:
        connection.close()
        words.append(str(error))


def handshake(server, client, host):
    """The words of the sides that refused; none when both accepted."""
    client_words, server_words = [], []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(TIME_LIMIT)
        thread = threading.Thread(target=serve_one, args=(listener, server, server_words), daemon=True)
        thread.start()
        try:
            with socket.create_connection(listener.getsockname(), TIME_LIMIT) as connection:
                with client.wrap_socket(connection, server_hostname=host) as secured:
                    if secured.recv(5) != b"hello":
                        client_words.append("no greeting")
        except OSError as error:
            client_words.append(str(error))
        thread.join(TIME_LIMIT)
        if thread.is_alive():
            sys.exit("the server hangs")
    return [f"client: {words};" for words in client_words] + [f"server: {words};" for words in server_words]


def main():
    server_folder, roots, crls, *rest = sys.argv[1:]
    server = context(ssl.PROTOCOL_TLS_SERVER, server_folder, roots, crls)
    for start in range(0, len(rest), 4):
        name, folder, trusted, host = rest[start : start + 4]
        client = context(ssl.PROTOCOL_TLS_CLIENT, folder, trusted, crls)
        refusals = handshake(server, client, host)
        print(name, "refused: " + " ".join(refusals) if refusals else "accepted", flush=True)


main()
