# The server in an image: built as scripts/package does, installed from the package, run without root.
FROM debian:12 AS build
WORKDIR /src
# Packages and DuckDB first: they change less often than the code.
COPY scripts scripts
# hadolint ignore=DL3008
RUN apt-get update \
 && scripts/deps \
 && rm -rf /var/lib/apt/lists/*
COPY . .
RUN scripts/package

FROM debian:12-slim
COPY --from=build /src/out/restate-server_*.deb /tmp/
# The package brings the libraries it needs. Its settings are for a host with systemd, so they go.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install -y --no-install-recommends ca-certificates /tmp/*.deb \
 && rm -rf /var/lib/apt/lists/* /tmp/*.deb /etc/restate \
 && install -d -o 65532 -g 65532 -m 0700 /restate-data
COPY packaging/healthcheck /usr/lib/restate-server/healthcheck
USER 65532:65532
WORKDIR /
# A container's host name is another one each time; the data is below the node's name.
ENV RESTATE_NODE_NAME=restate
VOLUME /restate-data
EXPOSE 8080 9070 5122
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["/usr/lib/restate-server/healthcheck"]
ENTRYPOINT ["/usr/bin/restate-server"]
