static void a_batch_arrives_whole(void **state)
{
}
