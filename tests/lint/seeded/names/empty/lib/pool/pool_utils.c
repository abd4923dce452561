typedef struct pool pool_t;

static int ep_hidden(int pool_data)
{
    return pool_data;
}

int adopt(void)
{
    return 0;
}

int ep__pool_adopt2(void)
{
    return 0;
}

int ep__pool_adopt_2(void)
{
    return 0;
}

int malloc_info(void)
{
    return 0;
}
