// An HTTP application on libuv as it may have been for years, and a durable engine that lives on the
// same loop. `GET /NAME` counts the visits of a name, for good: stop it, start it, it counts on.
//
// usage: embedded_http PORT DIRECTORY

#include <restate/context.h>
#include <restate/engine.h>
#include <uv.h>

#include <csignal>
#include <iostream>

using restate::Bytes, restate::Context, restate::Engine, restate::Object, restate::Result;

static Result<Bytes> visit(Context& ctx) {
  RESTATE_TRY(const auto before, ctx.get("visits"));
  const Bytes visits(std::to_string((before ? std::stoi(before->str()) : 0) + 1));
  RESTATE_TRY_VOID(ctx.set("visits", visits));
  return visits;
}

struct Application {
  uv_loop_t loop;
  uv_tcp_t listener;
  uv_signal_t terminate;
  Engine* engine = nullptr;
};

struct Connection {
  Application& application;
  uv_tcp_t socket;
  uv_write_t write;
  char buffer[4096];
  std::string request, response;
};

static void close(Connection* connection) {
  uv_close(reinterpret_cast<uv_handle_t*>(&connection->socket),
           [](uv_handle_t* socket) { delete static_cast<Connection*>(socket->data); });
}

static void respond(Connection* connection, int status, const std::string& body) {
  connection->response = "HTTP/1.1 " + std::to_string(status) + " \r\nconnection: close\r\n" +
                         "content-length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  uv_buf_t out = uv_buf_init(connection->response.data(), connection->response.size());
  connection->write.data = connection;
  uv_write(&connection->write, reinterpret_cast<uv_stream_t*>(&connection->socket), &out, 1,
           [](uv_write_t* write, int) { close(static_cast<Connection*>(write->data)); });
}

static void on_data(uv_stream_t* stream, ssize_t size, const uv_buf_t* data) {
  auto* connection = static_cast<Connection*>(stream->data);
  if (size < 0) return close(connection);
  std::string& request = connection->request.append(data->base, static_cast<std::size_t>(size));
  if (request.find("\r\n\r\n") == std::string::npos) return;
  uv_read_stop(stream);
  const std::size_t end = request.find(' ', 5);
  if (!request.starts_with("GET /") || end == 5) return respond(connection, 404, "whom?\n");
  // All that is new: the answer comes on this loop, once the visit is on disk.
  connection->application.engine->call("Visitors", "visit", {}, {.key = request.substr(5, end - 5)})
      .then([connection](const Result<Bytes>& visits) {
        if (!visits) return respond(connection, 500, visits.error().message + "\n");
        respond(connection, 200, visits->str() + "\n");
      });
}

static void on_connection(uv_stream_t* listener, int) {
  auto* connection = new Connection{*static_cast<Application*>(listener->data), {}, {}, {}, {}, {}};
  uv_tcp_init(&connection->application.loop, &connection->socket);
  connection->socket.data = connection;
  auto* stream = reinterpret_cast<uv_stream_t*>(&connection->socket);
  if (uv_accept(listener, stream) != 0) return close(connection);
  const auto allocate = [](uv_handle_t* socket, std::size_t, uv_buf_t* buffer) {
    *buffer = uv_buf_init(static_cast<Connection*>(socket->data)->buffer, sizeof Connection::buffer);
  };
  uv_read_start(stream, allocate, on_data);
}

static void on_terminate(uv_signal_t* signal, int) {
  auto* application = static_cast<Application*>(signal->data);
  uv_close(reinterpret_cast<uv_handle_t*>(&application->listener), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(signal), nullptr);
  application->engine->stop().then([application](const auto&) { uv_stop(&application->loop); });
}

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  std::signal(SIGPIPE, SIG_IGN);
  Application application;
  uv_loop_init(&application.loop);
  {
    auto engine = Engine::open({.data_dir = argv[2], .loop = &application.loop});
    if (!engine) return restate::report(engine.error());
    application.engine = &*engine;
    if (auto served = engine->serve(Object("Visitors").handler("visit", visit)); !served) {
      return restate::report(served.error());
    }
    sockaddr_in address;
    uv_ip4_addr("127.0.0.1", std::stoi(argv[1]), &address);
    uv_tcp_init(&application.loop, &application.listener);
    application.listener.data = &application;
    uv_tcp_bind(&application.listener, reinterpret_cast<sockaddr*>(&address), 0);
    uv_listen(reinterpret_cast<uv_stream_t*>(&application.listener), 128, on_connection);
    uv_signal_init(&application.loop, &application.terminate);
    application.terminate.data = &application;
    uv_signal_start(&application.terminate, on_terminate, SIGTERM);
    std::cout << "ready" << std::endl;
    uv_run(&application.loop, UV_RUN_DEFAULT);
  }
  uv_run(&application.loop, UV_RUN_DEFAULT);  // what was closed leaves the loop
  return uv_loop_close(&application.loop) == 0 ? 0 : 1;
}
