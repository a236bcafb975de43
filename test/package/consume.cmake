# cmake -DSETTINGS=<file> -DHOW=<way> -DBUILD=<folder> -P consume.cmake
# Builds the consumer in one way and runs it. HOW=install makes the installed copy that two ways use.
include(${SETTINGS})

function(run)
  execute_process(COMMAND ${ARGV} COMMAND_ERROR_IS_FATAL ANY OUTPUT_VARIABLE output ECHO_OUTPUT_VARIABLE)
  set(output "${output}" PARENT_SCOPE)
endfunction()

file(REMOVE_RECURSE ${BUILD})
if(HOW STREQUAL "install")
  run(${CMAKE_COMMAND} --install ${build_of_restate} --prefix ${BUILD})
  return()
elseif(HOW STREQUAL "pkg-config")
  file(MAKE_DIRECTORY ${BUILD})
  set(ENV{PKG_CONFIG_PATH} ${package_config_path})
  run(pkg-config --cflags --libs restate)
  separate_arguments(flags UNIX_COMMAND "${output}")
  run(${cxx} -std=c++20 -Wall -Wextra -Werror ${consumer}/main.cc -o ${BUILD}/consumer
      ${flags} ${linker_flags})
else()
  set(ENV{CCACHE_NOHASHDIR} 1)
  run(${CMAKE_COMMAND} -S ${consumer} -B ${BUILD} ${settings} -DRESTATE_FROM=${HOW})
  if(CONFIGURE_ONLY)
    return()
  endif()
  run(${CMAKE_COMMAND} --build ${BUILD} --target consumer)
endif()

run(${BUILD}/consumer ${BUILD}/data)
if(NOT output STREQUAL "Hello Ada, booking 1\nHello Ada, booking 1\n")
  message(FATAL_ERROR "the consumer printed: ${output}")
endif()
