#include "help.h"

namespace server {

const std::string_view kHelp = R"(restate-server: runs your services so that they survive any crash

Usage: restate-server [flag value]...      every flag is also a key of the
                                           configuration file: restate.toml(5)
General
  -c, --config-file FILE          settings in TOML; also RESTATE_CONFIG
      --dump-config               print the settings in force, check them, exit
      --demo                      serve a few services from inside: to try it
      --production                never make a new cluster by itself
      --shutdown-timeout TIME     an orderly stop takes no longer [1m]
  -h, --help  --version  --no-logo
Data
      --base-dir DIR              where it lives [./restate-data]
      --node-name NAME            its folder below that [name of the host]
      --cluster-name NAME         refuse data of another one [localcluster]
      --default-num-partitions N  of a new cluster [24]
      --auto-provision BOOL       make a new cluster if there is none [true]
Network
      --bind-ip IP                of all ports [0.0.0.0]
      --bind-port PORT            of the node itself [5122]
      --bind-address IP:PORT      both in one
      --advertised-address URL    how others reach the node
      --advertised-host HOST      the host that clients are told
      --listen-mode MODE          tcp, unix or all [all]
      --use-random-ports BOOL     any free ports, told in the log [false]
Logs and traces
      --log-filter FILTER         LEVEL or TARGET=LEVEL,... [warn,restate=info]
      --log-format FORMAT         pretty, compact or json [pretty]
      --log-disable-ansi-codes BOOL
      --tracing-endpoint URL      spans go here; or --tracing-services-endpoint
Without effect on a single node
      --roles --location --force-node-id --metadata-store-address
      --tracing-runtime-endpoint --tracing-json-path --tracing-filter

Try it: restate-server --demo --bind-ip 127.0.0.1 --base-dir /tmp/restate
        curl localhost:8080/Greeter/greet -d '"Ada"'
Ports:  8080 calls of services, 9070 the admin API, 5122 health and metrics
)";

}  // namespace server
