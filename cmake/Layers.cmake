# The layers of the library, lowest first: "module: modules it may include".
# This table is the only place that says so. CMake links by it and the tidy test checks every
# include against it.
set(RESTATE_LAYERS
  "common:"
  "wire: common"
  "runtime: common"
  "http: common runtime"
  "storage: common runtime"
  "uv: common runtime"
  "rpc: common wire http runtime"
  "metadata: common runtime storage rpc"
  "bifrost: common runtime storage rpc metadata"
  "schema: common wire"
  "partition: common wire schema storage"
  "protocol: common wire"
  "invoker: common wire runtime http schema partition protocol"
  "native: common wire runtime http schema protocol invoker"
  "worker: common wire runtime storage metadata bifrost schema partition invoker"
  "query: common wire runtime http storage partition schema"
  "ingress: common wire runtime http schema partition worker"
  "cluster: common wire runtime metadata bifrost"
  "admin: common wire runtime http schema protocol metadata query cluster partition invoker worker"
  "connect: common wire runtime http protocol invoker"
  "node: common wire runtime http storage metadata bifrost schema partition protocol invoker worker query ingress cluster admin native connect"
  "engine: common wire runtime http storage metadata bifrost schema partition protocol invoker worker query ingress admin native node uv connect"
  "sim: common wire runtime http storage metadata bifrost schema partition protocol invoker worker ingress admin native node"
  "trial: common wire runtime http storage metadata bifrost schema partition protocol invoker worker ingress admin native node sim"
)

# Restates RESTATE_LAYERS for one module: sets <out> to the list of modules it may use.
function(restate_layer_uses module out)
  foreach(row IN LISTS RESTATE_LAYERS)
    if(row MATCHES "^${module}:(.*)$")
      string(STRIP "${CMAKE_MATCH_1}" uses)
      string(REPLACE " " ";" uses "${uses}")
      set(${out} "${uses}" PARENT_SCOPE)
      return()
    endif()
  endforeach()
  message(FATAL_ERROR "module '${module}' is not in cmake/Layers.cmake")
endfunction()
