# stress_freeze (freeze/main.c), the allocators on which it must find something, and its tests.

set(freeze ${CMAKE_CURRENT_SOURCE_DIR}/freeze)
add_executable(stress_freeze ${freeze}/main.c ${freeze}/driver.c ${freeze}/regions.c ${freeze}/lost.c ${freeze}/result.c
    ${freeze}/judge.c ${freeze}/process.c ${freeze}/places.c ${freeze}/symbols.c ${freeze}/child.c ${freeze}/burst.c
    ${freeze}/birth.c ${freeze}/ring.c ${freeze}/operations.c ${freeze}/small.c ${freeze}/big.c ${freeze}/threads.c)
target_include_directories(stress_freeze PRIVATE ${CMAKE_CURRENT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/lib)
target_compile_options(stress_freeze PRIVATE ${no_builtins})
target_link_libraries(stress_freeze PRIVATE epmalloc_flags Threads::Threads ${CMAKE_DL_LIBS})

# epmalloc with locks in its slow paths: the same objects, some of their calls led round by the linker.
set(locked_calls arena_acquire arena_release huge_alloc huge_free retire_purge_all ids_take partial_claim
    pool_push_remote)
list(TRANSFORM locked_calls PREPEND LINKER:--wrap=ep__)
get_property(objects GLOBAL PROPERTY objects_main)
objects_of(files ${objects})
add_library(epmalloc_locked SHARED ${freeze}/seeded/locked.c ${files})
target_include_directories(epmalloc_locked PRIVATE ${PROJECT_SOURCE_DIR}/lib ${PROJECT_SOURCE_DIR}/include)
target_compile_options(epmalloc_locked PRIVATE ${lib_flags} ${flags_main})
target_link_libraries(epmalloc_locked PRIVATE epmalloc_flags ${EPMALLOC_CK_LIBRARY})
target_link_options(epmalloc_locked PRIVATE ${locked_calls} LINKER:--exclude-libs,ALL,-z,now,-z,nodelete)

add_library(stress_careless SHARED ${freeze}/seeded/careless.c)
target_include_directories(stress_careless PRIVATE ${PROJECT_SOURCE_DIR}/lib)
target_compile_options(stress_careless PRIVATE -fno-builtin)
target_link_libraries(stress_careless PRIVATE epmalloc_flags)

# They take the processors in turns: a burst spins.
function(add_freeze name)
    add_test(NAME stress_freeze_${name} COMMAND ${ARGN})
    set_tests_properties(stress_freeze_${name} PROPERTIES TIMEOUT 900 LABELS stress RESOURCE_LOCK freeze)
endfunction()

add_freeze(smoke stress_freeze --preload $<TARGET_FILE:epmalloc> --smoke --operations
    hit,refill_usable,claim,adopt_other,idle,large,huge_cached,huge_uncached,trim,birth,exit,after_exit,fork,in_child)
add_freeze(lost stress_freeze --preload $<TARGET_FILE:epmalloc> --lost 15 --operations adopt_other,trim,exit)

# Faults of an allocator: triples of the fault's name, an operation, and the words that must be said.
function(add_freeze_faults library)
    set(triples ${ARGN})
    while(triples)
        list(POP_FRONT triples fault operation words)
        add_freeze(seeded_${library}_${fault} ${CMAKE_CURRENT_SOURCE_DIR}/seeded/expect ${fault} "${words}"
            $<TARGET_FILE:stress_freeze> --preload $<TARGET_FILE:${library}> --smoke --brief --operations ${operation})
    endwhile()
endfunction()

set(blocked "others are blocked from")
add_freeze_faults(epmalloc_locked
    none adopt,trim,birth .
    arena_acquire large "${blocked}"
    arena_release large "${blocked}"
    huge_alloc huge_uncached "${blocked}"
    huge_free huge_uncached "${blocked}"
    retire_purge_all trim "${blocked}"
    ids_take birth "${blocked}"
    partial_claim birth "${blocked}"
    pool_push_remote adopt "${blocked}")
add_freeze_faults(stress_careless
    none hit,empty,large .
    sleep empty "${blocked}"
    spin empty "${blocked}")

add_freeze(seeded_lost ${CMAKE_CURRENT_SOURCE_DIR}/seeded/expect drop "memory is lost beyond the bound"
    $<TARGET_FILE:stress_freeze> --preload $<TARGET_FILE:stress_careless> --lost 40 --operations empty)
add_freeze(seeded_lost_none ${CMAKE_CURRENT_SOURCE_DIR}/seeded/expect none .
    $<TARGET_FILE:stress_freeze> --preload $<TARGET_FILE:stress_careless> --lost 5 --operations empty)

# It must find what is known of others.
add_freeze(seeded_glibc ${CMAKE_CURRENT_SOURCE_DIR}/seeded/expect fork "${blocked}" $<TARGET_FILE:stress_freeze>
    --smoke --brief --operations fork)
find_library(EPMALLOC_JEMALLOC libjemalloc.so.2)
mark_as_advanced(EPMALLOC_JEMALLOC)
if(EPMALLOC_JEMALLOC)
    add_freeze(seeded_jemalloc ${CMAKE_CURRENT_SOURCE_DIR}/seeded/expect refill "${blocked}"
        $<TARGET_FILE:stress_freeze> --preload ${EPMALLOC_JEMALLOC} --smoke --brief --operations refill)
endif()
