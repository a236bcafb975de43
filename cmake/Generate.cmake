# Sources that flatc and protoc write. They assert the exact version of their library, so they are
# made at build time, into ${PROJECT_BINARY_DIR}/generated/<module>/.

# Everything generated; every module waits for it, because nothing includes a header that is not yet
# written, and generating takes no time.
add_custom_target(restate_generated)

# restate_flatbuffers(<module> <file>.fbs...)
#
# `#include "<module>/<file>_generated.h"`. A schema includes another one as "<module>/<file>.fbs".
function(restate_flatbuffers module)
  foreach(schema IN LISTS ARGN)
    get_filename_component(name ${schema} NAME_WE)
    set(out ${PROJECT_BINARY_DIR}/generated/${module})
    set(header ${out}/${name}_generated.h)
    file(GLOB schemas CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lib/*/*.fbs)
    add_custom_command(
      OUTPUT ${header}
      COMMAND ${CMAKE_COMMAND} -E make_directory ${out}
      COMMAND flatbuffers::flatc --cpp --scoped-enums --keep-prefix
        -I ${PROJECT_SOURCE_DIR}/lib -o ${out} ${CMAKE_CURRENT_SOURCE_DIR}/${schema}
      DEPENDS ${schemas}
      COMMENT "flatc ${module}/${schema}"
      VERBATIM)
    add_custom_target(restate_generated_${module}_${name} DEPENDS ${header})
    add_dependencies(restate_generated restate_generated_${module}_${name})
  endforeach()
endfunction()

# restate_protobuf(<module> <sources variable> <file>.proto...)
#
# `#include "<module>/<file>.pb.h"`; the variable gets the sources to compile. Imports are relative
# to lib/.
function(restate_protobuf module sources)
  set(result)
  foreach(schema IN LISTS ARGN)
    get_filename_component(name ${schema} NAME_WE)
    set(root ${PROJECT_SOURCE_DIR}/lib)
    set(out ${PROJECT_BINARY_DIR}/generated)
    set(base ${out}/${module}/${name}.pb)
    add_custom_command(
      OUTPUT ${base}.h ${base}.cc
      COMMAND ${CMAKE_COMMAND} -E make_directory ${out}/${module}
      COMMAND protobuf::protoc --cpp_out=lite:${out} -I ${root} ${root}/${module}/${schema}
      DEPENDS ${root}/${module}/${schema}
      COMMENT "protoc ${module}/${schema}"
      VERBATIM)
    add_custom_target(restate_generated_${module}_${name}_pb DEPENDS ${base}.h ${base}.cc)
    add_dependencies(restate_generated restate_generated_${module}_${name}_pb)
    set_source_files_properties(${base}.cc PROPERTIES
      GENERATED ON COMPILE_OPTIONS "-w" SKIP_PRECOMPILE_HEADERS ON)
    list(APPEND result ${base}.cc)
  endforeach()
  set(${sources} ${result} PARENT_SCOPE)
endfunction()
