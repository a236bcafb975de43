package e2e;

import dev.restate.sdk.endpoint.Endpoint;
import dev.restate.sdk.http.vertx.RestateHttpServer;

/** usage: Main PORT; see sdks_test.py for what the handlers are for. */
public final class Main {
  public static void main(String[] arguments) {
    var server = RestateHttpServer.fromEndpoint(Endpoint.bind(new Counter()).bind(new Tour()));
    var endpoint = server.requestHandler();
    server.requestHandler(
        request -> {
          System.out.println(request.path() + " " + request.getHeader("content-type"));
          endpoint.handle(request);
        });
    server.listen(Integer.parseInt(arguments[0]), "127.0.0.1");
  }
}
